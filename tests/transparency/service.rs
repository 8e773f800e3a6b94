//! The layer as a service among services: readiness, errors, odd bodies.

use super::random::{EndRule, HintRule, Odd, OddStep};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use runscope::{Config, MemorySink, Outcome, Recorder, RunscopeLayer};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer as _, Service, ServiceExt, service_fn};

fn recorder() -> (Recorder, runscope::Guard, MemorySink) {
    let sink = MemorySink::new();
    let config = Config::builder()
        .log_body(true)
        .body_content_types(["*/*"])
        .sink(sink.clone());
    let (recorder, guard) = Recorder::start(config.build().expect("a config")).expect("a recorder");
    (recorder, guard, sink)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// A service that may be called only on the instance that was made ready, once.
#[derive(Debug, Default)]
struct Strict {
    polls: usize,
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<B> Service<Request<B>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.polls += 1;
        self.ready = self.polls > 1;
        if self.ready {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called on an instance that is not ready"
        );
        ready(Ok(Response::new(Full::default())))
    }
}

#[test]
fn the_instance_that_was_made_ready_is_the_one_that_is_called() {
    let (recorder, _guard, _) = recorder();
    let mut service = RunscopeLayer::new(&recorder).layer(Strict::default());
    for _ in 0..3 {
        block_on(async {
            let request = Request::new(Full::<Bytes>::default());
            let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut service).await;
            ready
                .expect("readiness")
                .call(request)
                .await
                .expect("an answer");
        });
    }
    let mut cx = Context::from_waker(Waker::noop());
    let mut fresh = service.clone();
    let poll = Service::<Request<Full<Bytes>>>::poll_ready(&mut fresh, &mut cx);
    assert!(poll.is_pending(), "a clone's readiness is its own");
}

#[test]
fn a_failure_to_become_ready_is_passed_on_and_is_no_exchange() {
    #[derive(Clone)]
    struct Broken;
    impl<B> Service<Request<B>> for Broken {
        type Response = Response<Full<Bytes>>;
        type Error = &'static str;
        type Future = Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("out of order"))
        }

        fn call(&mut self, _: Request<B>) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let (recorder, _guard, _) = recorder();
    let service = RunscopeLayer::new(&recorder).layer(Broken);
    let error = block_on(service.oneshot(Request::new(Full::<Bytes>::default()))).err();
    assert_eq!(error, Some("out of order"));
    assert_eq!(recorder.stats().captured, 0);
}

#[test]
fn an_error_of_the_service_is_passed_on_as_it_is_and_recorded() {
    #[derive(Debug, PartialEq, Eq)]
    struct Typed(u32);
    impl std::fmt::Display for Typed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "error {}", self.0)
        }
    }
    let (recorder, _guard, sink) = recorder();
    let failing = service_fn(async |_: Request<_>| Err::<Response<Full<Bytes>>, Typed>(Typed(7)));
    let service = RunscopeLayer::new(&recorder).layer(failing);
    let error = block_on(service.oneshot(Request::new(Full::<Bytes>::default()))).err();
    assert_eq!(error, Some(Typed(7)));
    recorder
        .flush_blocking(Duration::from_secs(30))
        .expect("a sink that takes all");
    let context = sink.messages()[0].context.clone().unwrap_or_default();
    assert_eq!(context.outcome, Some(Outcome::Error));
    assert_eq!(context.error.as_deref(), Some("error 7"));
}

#[test]
fn every_body_says_through_the_layer_what_it_says_itself() {
    let (recorder, _guard, _) = recorder();
    let steps = [
        vec![],
        vec![OddStep::Data(0)],
        vec![
            OddStep::Data(5),
            OddStep::Pending,
            OddStep::Data(0),
            OddStep::Trailers,
        ],
        vec![OddStep::Pending, OddStep::Error],
        vec![OddStep::Trailers],
    ];
    let ends = [EndRule::Honest, EndRule::Never, EndRule::Always];
    let hints = [
        HintRule::Exact,
        HintRule::Unknown,
        HintRule::Bounds,
        HintRule::Wrong,
    ];
    for steps in &steps {
        for end in ends {
            for hint in hints {
                let odd = || Odd::new(steps.clone(), end, hint);
                let expected = transcript(odd());
                // As a request's body, and as a response's.
                let service = service_fn(async |request: Request<_>| {
                    let seen = transcript(request.into_body());
                    Ok::<_, Infallible>(
                        Response::builder()
                            .header("seen", seen)
                            .body(odd())
                            .expect("a response"),
                    )
                });
                let service = RunscopeLayer::new(&recorder).layer(service);
                let response = block_on(service.oneshot(Request::new(odd()))).expect("an answer");
                assert_eq!(
                    response.headers()["seen"],
                    expected,
                    "{steps:?} {end:?} {hint:?}"
                );
                assert_eq!(
                    transcript(response.into_body()),
                    expected,
                    "{steps:?} {end:?} {hint:?}"
                );
            }
        }
    }
}

/// All that a body says and gives, up to one poll past its end.
fn transcript<B: Body<Data = Bytes>>(body: B) -> String
where
    B::Error: std::fmt::Display,
{
    let mut body = pin!(body);
    let mut cx = Context::from_waker(Waker::noop());
    let mut seen = String::new();
    for _ in 0..8 {
        let hint = body.size_hint();
        seen += &format!(
            "[{}, {:?}] {} ",
            hint.lower(),
            hint.upper(),
            body.is_end_stream()
        );
        seen += &match body.as_mut().poll_frame(&mut cx) {
            Poll::Pending => "pending; ".to_owned(),
            Poll::Ready(None) => "none; ".to_owned(),
            Poll::Ready(Some(Ok(frame))) => format!("{frame:?}; "),
            Poll::Ready(Some(Err(error))) => format!("{error}; "),
        };
    }
    seen
}
