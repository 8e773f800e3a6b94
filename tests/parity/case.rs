//! One case: what goes over the wire, by which settings, and what has to arrive at the API.

use super::difference::Difference;
use super::message::{difference, normalised, patched};
use crate::apps::{Framework, Gate, Placement, Setup};
use crate::raw::{Connection, Response};
use crate::support::api::FakeApi;
use runscope::config::ConfigBuilder;
use runscope::{Config, Message, Recorder, Stats};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// One case of the suite; made by [`Case::new`] or [`Case::driven`] and refined by the others.
pub struct Case {
    pub name: &'static str,
    drive: Box<dyn Fn(&Stage<'_>) + Sync>,
    configure: fn(ConfigBuilder) -> ConfigBuilder,
    placement: Placement,
    accepts_all: bool,
    /// One patch for each message.
    expected: Vec<Value>,
    differences: Vec<Differs>,
    skipped: u64,
    sampled_out: u64,
}

/// In one framework the messages are others: these patches come on top, one for each.
struct Differs {
    difference: Difference,
    framework: Framework,
    patches: Vec<Value>,
}

/// What a case has in hand while it runs.
pub struct Stage<'a> {
    pub framework: Framework,
    pub address: SocketAddr,
    pub gate: &'a Gate,
    pub api: &'a FakeApi,
}

impl Stage<'_> {
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends one request on a connection of its own and reads the response.
    pub fn exchange(&self, request: &[u8]) -> Response {
        let mut connection = self.connect();
        connection.send(request);
        connection.response(method(request))
    }
}

impl Case {
    /// One request and its one message, whose status is the one that the client gets.
    pub fn new(name: &'static str, request: Vec<u8>, expected: Value) -> Self {
        let status = patched([&expected])["response"]["status"].as_u64();
        let drive = move |stage: &Stage<'_>| {
            let response = stage.exchange(&request);
            assert_eq!(Some(response.head.status.into()), status);
        };
        Self::driven(name, drive, [expected])
    }

    /// Whatever `drive` does, and the messages of it in the order of the requests.
    pub fn driven(
        name: &'static str,
        drive: impl Fn(&Stage<'_>) + Sync + 'static,
        expected: impl IntoIterator<Item = Value>,
    ) -> Self {
        Self {
            name,
            drive: Box::new(drive),
            configure: |config| config,
            placement: Placement::OnRoutes,
            accepts_all: false,
            expected: expected.into_iter().collect(),
            differences: Vec::new(),
            skipped: 0,
            sampled_out: 0,
        }
    }

    /// Requests of which no message is made.
    pub fn silent(name: &'static str, request: Vec<u8>) -> Self {
        let drive = move |stage: &Stage<'_>| {
            assert_eq!(stage.exchange(&request).head.status, 200);
        };
        Self::driven(name, drive, [])
    }

    pub fn config(mut self, configure: fn(ConfigBuilder) -> ConfigBuilder) -> Self {
        self.configure = configure;
        self
    }

    pub fn placed(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    pub fn accepts_all(mut self) -> Self {
        self.accepts_all = true;
        self
    }

    pub fn skipped(mut self, count: u64) -> Self {
        self.skipped = count;
        self
    }

    pub fn sampled_out(mut self, count: u64) -> Self {
        self.sampled_out = count;
        self
    }

    /// Says in what the messages of one framework are others, and why.
    pub fn but(
        mut self,
        framework: Framework,
        difference: Difference,
        patches: impl IntoIterator<Item = Value>,
    ) -> Self {
        let patches = patches.into_iter().collect();
        self.differences.push(Differs {
            difference,
            framework,
            patches,
        });
        self
    }

    pub fn shows(&self, difference: Difference) -> bool {
        self.differences
            .iter()
            .any(|differs| differs.difference == difference)
    }

    fn expected(&self, framework: Framework) -> Vec<Value> {
        let on_top = self
            .differences
            .iter()
            .filter(|differs| differs.framework == framework);
        let on_top: Vec<_> = on_top.map(|differs| &differs.patches).collect();
        let message = |(at, patch)| {
            patched(std::iter::once(patch).chain(on_top.iter().map(|patches| &patches[at])))
        };
        self.expected.iter().enumerate().map(message).collect()
    }

    fn config_for(&self, api: &FakeApi) -> Config {
        let config = Config::builder()
            .access_token("a-token")
            .bucket_key("a-bucket")
            .api_endpoint(api.url())
            .timeout(PATIENCE)
            .shutdown_timeout(PATIENCE)
            .max_coalescing_delay(Duration::from_millis(5))
            .log_body(true);
        (self.configure)(config).build().expect("a config")
    }

    /// Runs the case on one framework and gives back what arrived, in the order of the requests.
    pub fn run(&self, framework: Framework) -> Vec<Message> {
        let api = FakeApi::accepting();
        let gate = Gate::new();
        let (recorder, guard) = Recorder::start(self.config_for(&api)).expect("a recorder");
        let server = framework.serve(Setup {
            recorder: recorder.clone(),
            placement: self.placement,
            gate: gate.clone(),
            accepts_all: self.accepts_all,
        });
        let stage = Stage {
            framework,
            address: server.address,
            gate: &gate,
            api: &api,
        };
        (self.drive)(&stage);
        api.wait_for_messages(self.expected.len());
        // Whatever else was captured comes out by this, and must not.
        drop(server);
        drop(guard);
        let mut messages = api.accepted();
        let arrival = |message: &Message| message.request.as_ref().and_then(|one| one.timestamp);
        messages.sort_by(|one, other| arrival(one).partial_cmp(&arrival(other)).expect("times"));
        self.check_counts(recorder.stats(), messages.len() as u64);
        messages
    }

    fn check_counts(&self, stats: Stats, messages: u64) {
        let Stats {
            captured,
            delivered,
            rejected,
            queued,
            spooled,
            ..
        } = stats;
        assert_eq!(
            captured,
            delivered + rejected + stats.dropped.total() + queued + spooled
        );
        assert_eq!((captured, delivered), (messages, messages), "{stats:?}");
        let expected = (self.skipped, self.sampled_out);
        assert_eq!((stats.skipped, stats.sampled_out), expected, "{stats:?}");
        assert_eq!((stats.retries, stats.panics), (0, 0), "{stats:?}");
    }

    /// Runs the case on both and says what is not as expected.
    fn complaints(&self) -> Vec<String> {
        let arrived = Framework::BOTH.map(|framework| self.try_run(framework));
        let mut complaints = Vec::new();
        for (framework, arrived) in Framework::BOTH.into_iter().zip(&arrived) {
            let wrong = match arrived {
                None => vec!["it panicked".to_owned()],
                Some(messages) => differences(&self.expected(framework), messages),
            };
            let of_case = |wrong| format!("{} on {framework}: {wrong}", self.name);
            complaints.extend(wrong.into_iter().map(of_case));
        }
        if let [Some(axum), Some(actix)] = &arrived
            && (axum == actix) != self.differences.is_empty()
        {
            complaints.push(format!("{}: the list of differences is wrong", self.name));
        }
        complaints
    }

    /// What arrived, normalised, or `None` after a panic.
    fn try_run(&self, framework: Framework) -> Option<Vec<Value>> {
        let run = || self.run(framework).iter().map(normalised).collect();
        // The name of the thread is what a panic shows.
        let thread = std::thread::Builder::new().name(format!("{} on {framework}", self.name));
        std::thread::scope(|scope| {
            thread
                .spawn_scoped(scope, run)
                .expect("a thread")
                .join()
                .ok()
        })
    }
}

/// Says of each message that is not as expected by what it differs.
fn differences(expected: &[Value], messages: &[Value]) -> Vec<String> {
    if expected.len() != messages.len() {
        return vec![format!("{} messages: {messages:?}", messages.len())];
    }
    let pairs = expected.iter().zip(messages);
    let unlike = pairs.filter(|(expected, message)| expected != message);
    unlike
        .map(|(expected, message)| difference(expected, message).to_string())
        .collect()
}

/// Runs all cases, and fails with all that is wrong.
pub fn run_all(cases: Vec<Case>) {
    let complaints: Vec<_> = cases.iter().flat_map(Case::complaints).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A request with a host, and a length where it has a body.
pub fn request(line: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line} HTTP/1.1\r\nhost: parity.example\r\n").into_bytes();
    let length = body.len().to_string();
    let length = (!body.is_empty()).then_some(("content-length", length.as_bytes()));
    for (name, value) in headers.iter().copied().chain(length) {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// A request without a body or further headers.
pub fn get(target: &str) -> Vec<u8> {
    request(&format!("GET {target}"), &[], b"")
}

fn method(request: &[u8]) -> &str {
    let word = request
        .split(|&byte| byte == b' ')
        .next()
        .unwrap_or_default();
    std::str::from_utf8(word).expect("a method")
}

/// Longer than anything takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);
