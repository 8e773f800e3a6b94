// Messages as services send them.

// A call of now; a later `at` counts seconds back.
export function call(path, { method = "GET", status = 200, ago = 0, took = 0.02, request = {}, response = {}, ...more } = {}) {
  const timestamp = Date.now() / 1000 - ago;
  return {
    request: { method, url: `https://shop.example${path}`, headers: { accept: "application/json" }, timestamp, ...request },
    response: { status, headers: { "content-type": "application/json" }, response_time: took, timestamp: timestamp + took, ...response },
    ...more,
  };
}

// Numbers that look like chance and are the same each time (mulberry32).
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const ROUTES = [
  ["GET", "/v1/products", 30, 0.02],
  ["GET", "/v1/products/{id}", 40, 0.035],
  ["POST", "/v1/checkout", 9, 0.34],
  ["GET", "/v1/carts/{id}", 20, 0.024],
  ["PUT", "/v1/carts/{id}/items", 10, 0.06],
  ["GET", "/v1/users/{id}", 12, 0.018],
  ["POST", "/v1/sessions", 6, 0.14],
  ["DELETE", "/v1/sessions/{id}", 2, 0.022],
  ["GET", "/v1/search", 16, 0.21],
  ["POST", "/webhooks/payments", 4, 0.09],
];
const HOSTS = ["shop.example.com", "shop.example.com", "api.shop.example.com"];
const CONSUMERS = ["web", "web", "web", "ios", "android", "acme", "globex", undefined];
const WORDS = ["red", "running", "shoes", "leather", "boots", "winter", "jacket", "denim", "linen", "shirt"];

// A shop's traffic of `count` calls in `span` seconds up to `end`, with a quarter of an hour in it in which
// the payments failed.
export function traffic({ count, span, end, seed = 7 }) {
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const weight = ROUTES.reduce((sum, [, , weight]) => sum + weight, 0);
  const times = Array.from({ length: count }, () => end - span * next() ** 1.15).sort((a, b) => a - b);
  return times.map((timestamp) => {
    let at = next() * weight;
    const [method, route, , usual] = ROUTES.find(([, , weight]) => (at -= weight) < 0) ?? ROUTES[0];
    const bad = (timestamp - (end - span)) / span;
    const failing = bad > 0.58 && bad < 0.66;
    let path = route.replace("{id}", String(1 + Math.floor(next() * 9000)));
    if (route === "/v1/search") path += `?q=${pick(WORDS)}+${pick(WORDS)}&page=${1 + Math.floor(next() * 4)}`;
    let status = method === "POST" ? 201 : method === "DELETE" ? 204 : 200;
    const luck = next();
    if (luck < (failing ? 0.24 : 0.012)) status = pick([500, 502, 503, 503]);
    else if (luck < 0.06) status = pick([400, 401, 404, 404, 409, 422, 429]);
    else if (luck < 0.1) status = pick([301, 304, 304]);
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const took = usual * Math.exp(0.45 * normal) * (status >= 500 ? 4 : 1) * (next() < 0.01 ? 8 : 1);
    const size = 80 + Math.floor(next() ** 3 * 9000);
    return {
      request: { method, url: `https://${pick(HOSTS)}${path}`, headers: { accept: "application/json" }, timestamp },
      response: {
        status,
        headers: { "content-type": "application/json" },
        body: status === 204 || status === 304 ? undefined : JSON.stringify({ items: "x".repeat(size) }),
        response_time: took,
      },
      context: { route, service: "shop", consumer: pick(CONSUMERS), outcome: "complete" },
    };
  });
}
