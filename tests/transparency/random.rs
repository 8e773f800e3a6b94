//! Random bodies, handlers and clients: what each side sees is the same with the layer and without,
//! and every exchange is recorded once.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use runscope::{Config, MemorySink, Recorder, RunscopeLayer};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Display;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer as _, Service};

/// How many exchanges are played, unless `TRANSPARENCY_CASES` says otherwise.
const CASES: u64 = 500;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

fn cases() -> u64 {
    number("TRANSPARENCY_CASES").unwrap_or(CASES)
}

fn seed() -> u64 {
    let seed = number("TRANSPARENCY_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("TRANSPARENCY_SEED={seed} repeats this run");
    seed
}

/// The client leaves before the first poll, before the second, and so on until it stays to the end.
#[test]
fn a_client_may_leave_at_every_poll() {
    let seed = seed();
    let sink = MemorySink::new();
    let config = Config::builder().log_body(true).sink(sink);
    let (recorder, _guard) =
        Recorder::start(config.build().expect("a config")).expect("a recorder");
    let layer = RunscopeLayer::new(&recorder);
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut plays = 0;
    for case in 0..cases().div_ceil(10) {
        let mut script = Script::random(&mut rng);
        script.patience = 0;
        loop {
            let handler = |log: &Log| Handler {
                script: script.clone(),
                log: log.clone(),
            };
            let (bare, layered) = (Log::default(), Log::default());
            play(handler(&bare), &script, &bare);
            play(layer.layer(handler(&layered)), &script, &layered);
            plays += 1;
            assert_eq!(layered, bare, "seed {seed}, case {case}: {script:?}");
            assert_eq!(
                recorder.stats().captured,
                plays,
                "seed {seed}, case {case}: {script:?}"
            );
            // It had more patience than there was to wait for.
            if bare.borrow().len() < script.patience {
                break;
            }
            script.patience += 1;
        }
    }
    assert!(plays > cases().div_ceil(10) * 3, "{plays}");
}

#[test]
fn random_exchanges_are_the_same_and_recorded_once() {
    let seed = seed();
    let sink = MemorySink::new();
    let config = Config::builder()
        .log_body(true)
        .body_content_types(["*/*"])
        .sink(sink.clone());
    let (recorder, _guard) =
        Recorder::start(config.build().expect("a config")).expect("a recorder");
    let layer = RunscopeLayer::new(&recorder);

    // The panics are part of the play; the hook is left alone for those that are not.
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut sizes = Vec::new();
    for case in 0..cases() {
        let script = Script::random(&mut rng);
        let handler = |log: &Log| Handler {
            script: script.clone(),
            log: log.clone(),
        };
        let (bare, layered) = (Log::default(), Log::default());
        let size = play(handler(&bare), &script, &bare);
        play(layer.layer(handler(&layered)), &script, &layered);
        assert_eq!(layered, bare, "seed {seed}, case {case}: {script:?}");
        assert_eq!(
            recorder.stats().captured,
            case + 1,
            "seed {seed}, case {case}: {script:?}"
        );
        sizes.push(size);
    }

    recorder
        .flush_blocking(Duration::from_secs(60))
        .expect("a sink that takes all");
    let recorded = sink.messages();
    assert_eq!(
        recorded.len(),
        sizes.len(),
        "seed {seed}: {:?}",
        recorder.stats()
    );
    for (case, (message, size)) in recorded.iter().zip(sizes).enumerate() {
        let body = message
            .context
            .as_ref()
            .and_then(|context| context.response_body.as_ref());
        assert_eq!(
            body.map_or(0, |body| body.size),
            size,
            "seed {seed}, case {case}: {message:?}"
        );
    }
}

/// One exchange, from both sides.
#[derive(Debug, Clone)]
struct Script {
    method: Method,
    status: u16,
    request: Odd,
    /// How many frames the handler takes before it answers.
    reads: usize,
    /// Whether it goes on to hold the request's body until the response's is gone.
    holds: bool,
    naps: usize,
    answer: Answer,
    response: Odd,
    /// After how many polls the client leaves.
    patience: usize,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Response,
    Error,
    Panic,
}

impl Script {
    fn random(rng: &mut fastrand::Rng) -> Self {
        let pick = |rng: &mut fastrand::Rng, of: &[u16]| of[rng.usize(..of.len())];
        Self {
            method: [Method::GET, Method::POST, Method::POST, Method::HEAD][rng.usize(..4)].clone(),
            status: pick(rng, &[200, 200, 200, 201, 204, 304, 500]),
            request: Odd::random(rng),
            reads: rng.usize(..6),
            holds: rng.bool(),
            naps: rng.usize(..3),
            answer: match rng.u8(..20) {
                0 => Answer::Panic,
                1 | 2 => Answer::Error,
                _ => Answer::Response,
            },
            response: Odd::random(rng),
            patience: if rng.bool() {
                usize::MAX
            } else {
                rng.usize(..12)
            },
        }
    }

    /// Whether the answer has a body that anybody looks at.
    fn has_body(&self) -> bool {
        self.method != Method::HEAD && !matches!(self.status, 204 | 304)
    }
}

/// What was seen, in order.
type Log = Rc<RefCell<Vec<String>>>;

fn note(log: &Log, what: impl Into<String>) {
    log.borrow_mut().push(what.into());
}

#[derive(Clone)]
struct Handler {
    script: Script,
    log: Log,
}

impl<B> Service<Request<B>> for Handler
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Display,
{
    type Response = Response<Odd>;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Odd>, String>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { script, log } = self.clone();
        Box::pin(async move {
            let mut body = Box::pin(request.into_body());
            for _ in 0..script.reads {
                let before = said(&*body);
                let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
                note(&log, format!("handler: {before} {}", shown(&frame)));
            }
            for _ in 0..script.naps {
                nap().await;
            }
            let mut response = script.response;
            if script.holds {
                response.held = Some(Rc::new(body));
            }
            match script.answer {
                Answer::Panic => panic!("as the script says"),
                Answer::Error => Err("as the script says".to_owned()),
                Answer::Response => Ok(Response::builder()
                    .status(script.status)
                    .body(response)
                    .expect("a response")),
            }
        })
    }
}

async fn nap() {
    let mut woken = false;
    poll_fn(|_| match std::mem::replace(&mut woken, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Plays the client against a service, and says how many bytes of the body the recorder was to see.
fn play<S, B>(mut service: S, script: &Script, log: &Log) -> u64
where
    S: Service<Request<Odd>, Response = Response<B>, Error = String>,
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut patience = script.patience;
    let mut leaves = || {
        let left = patience == 0;
        patience = patience.saturating_sub(1);
        left
    };
    let request = Request::builder()
        .method(&script.method)
        .uri("http://a.example/x");
    let request = request.body(script.request.clone()).expect("a request");
    let mut size = 0;
    let done = catch_unwind(AssertUnwindSafe(|| {
        let future = service.call(request);
        let mut future = pin!(future);
        let response = loop {
            if leaves() {
                return note(log, "client: left before the response");
            }
            match future.as_mut().poll(&mut cx) {
                Poll::Pending => note(log, "client: waits"),
                Poll::Ready(Ok(response)) => break response,
                Poll::Ready(Err(error)) => return note(log, format!("client: {error}")),
            }
        };
        note(log, format!("client: {}", response.status()));
        let mut body = pin!(response.into_body());
        loop {
            let before = said(&*body);
            // What a server does: it asks for nothing where nothing may come.
            if body.is_end_stream() || !script.has_body() || leaves() {
                return note(log, format!("client: {before}, leaves it"));
            }
            match body.as_mut().poll_frame(&mut cx) {
                Poll::Pending => note(log, format!("client: {before} waits")),
                Poll::Ready(frame) => {
                    note(log, format!("client: {before} {}", shown(&frame)));
                    match frame {
                        Some(Ok(frame)) => size += frame.data_ref().map_or(0, Bytes::len) as u64,
                        _ => return,
                    }
                }
            }
        }
    }));
    if done.is_err() {
        note(log, "client: panic");
    }
    size
}

fn said(body: &impl Body) -> String {
    format!("{:?} {}", body.size_hint(), body.is_end_stream())
}

fn shown<E: Display>(frame: &Option<Result<Frame<Bytes>, E>>) -> String {
    match frame {
        None => "end".to_owned(),
        Some(Ok(frame)) => format!("{frame:?}"),
        Some(Err(error)) => format!("failure: {error}"),
    }
}

/// A body that is within the trait's rules, or a little outside of them.
#[derive(Clone)]
pub struct Odd {
    steps: VecDeque<OddStep>,
    end: EndRule,
    hint: HintRule,
    /// What lives as long as the body, and does nothing.
    held: Option<Rc<dyn std::any::Any>>,
}

#[derive(Debug, Clone, Copy)]
pub enum OddStep {
    Data(usize),
    Pending,
    Trailers,
    Error,
}

/// When `is_end_stream` is true.
#[derive(Debug, Clone, Copy)]
pub enum EndRule {
    Honest,
    Never,
    Always,
}

/// What `size_hint` says.
#[derive(Debug, Clone, Copy)]
pub enum HintRule {
    Exact,
    Unknown,
    Bounds,
    Wrong,
}

impl Odd {
    pub fn new(steps: Vec<OddStep>, end: EndRule, hint: HintRule) -> Self {
        Self {
            steps: steps.into(),
            end,
            hint,
            held: None,
        }
    }

    fn random(rng: &mut fastrand::Rng) -> Self {
        let mut steps: Vec<_> = (0..rng.usize(..8))
            .map(|_| match rng.u8(..10) {
                0 | 1 => OddStep::Pending,
                2 => OddStep::Data(0),
                3 => OddStep::Data(rng.usize(60_000..70_000)),
                4 => OddStep::Data(4095 + rng.usize(..3)),
                _ => OddStep::Data(rng.usize(1..300)),
            })
            .collect();
        match rng.u8(..6) {
            0 => steps.push(OddStep::Trailers),
            1 => steps.push(OddStep::Error),
            _ => {}
        }
        let end = match rng.u8(..8) {
            0 => EndRule::Always,
            1..4 => EndRule::Never,
            _ => EndRule::Honest,
        };
        let hints = [
            HintRule::Exact,
            HintRule::Unknown,
            HintRule::Bounds,
            HintRule::Wrong,
        ];
        Self::new(steps, end, hints[rng.usize(..hints.len())])
    }

    fn left(&self) -> u64 {
        let sizes = self.steps.iter().map(|step| match step {
            OddStep::Data(size) => *size as u64,
            _ => 0,
        });
        sizes.sum()
    }
}

impl std::fmt::Debug for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.steps, self.end, self.hint)
    }
}

impl Body for Odd {
    type Data = Bytes;
    type Error = String;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        Poll::Ready(match self.steps.pop_front() {
            Some(OddStep::Pending) => return Poll::Pending,
            Some(OddStep::Data(size)) => Some(Ok(Frame::data(vec![b'x'; size].into()))),
            Some(OddStep::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            Some(OddStep::Error) => Some(Err("the body broke".to_owned())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        match self.end {
            EndRule::Honest => self.steps.is_empty(),
            EndRule::Never => false,
            EndRule::Always => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.hint {
            HintRule::Exact => SizeHint::with_exact(self.left()),
            HintRule::Unknown => SizeHint::new(),
            HintRule::Bounds => {
                let mut hint = SizeHint::new();
                hint.set_lower(self.left() / 2);
                hint.set_upper(self.left() * 2);
                hint
            }
            HintRule::Wrong => SizeHint::with_exact(self.left() + 1),
        }
    }
}
