//! The slots that need more than a request and a response: calls that the app makes itself, errors,
//! streams that fail, trailers.

use crate::canary::Cage;
use crate::logs;
use crate::support::api::FakeApi;
use crate::{Wiretap, block_on, config, without_authorization};
use actix_web::{App, HttpResponse, test as actix_test, web};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use runscope::{Recorder, RedactionRules, Runscope, RunscopeLayer};
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tower::{Layer as _, ServiceExt as _, service_fn};

type Frames = Vec<Result<Frame<Bytes>, io::Error>>;

#[test]
fn no_secret_leaves_in_an_error_a_trailer_or_a_call_of_the_app() {
    for (rules, clean) in [
        (RedactionRules::new(), true),
        (RedactionRules::new().enabled(false), false),
    ] {
        logs::keep();
        let api = FakeApi::accepting();
        let wire = Wiretap::before(&api.url());
        let config = config(rules).api_endpoint(wire.url()).build().unwrap();
        let (recorder, guard) = Recorder::start(config).unwrap();
        let mut cage = Cage::default();
        let mut unseen = Cage::beside(&cage);
        block_on(outgoing(&recorder, &mut cage, &mut unseen));
        block_on(failing(&recorder, &mut cage));
        actix_web::rt::System::new().block_on(refused(&recorder, &mut cage));
        block_on(trailers(&recorder, &mut unseen));
        guard.shutdown_blocking(Duration::from_secs(60)).unwrap();
        let sent = without_authorization(&wire.sent());
        if clean {
            cage.assert_absent("what was sent", &sent);
        } else {
            let missing = cage.canaries.len() - cage.found_in(&sent).len();
            assert_eq!(missing, 0, "found only {:#?}", cage.found_in(&sent));
        }
        // What is not recorded at all is not sent, whatever the rules say.
        assert_eq!(unseen.found_in(&sent), [""; 0]);
        cage.assert_absent("the log", &logs::written());
    }
}

/// A call by way of an HTTP client: its URL may hold userinfo, which no server ever sees there.
async fn outgoing(recorder: &Recorder, cage: &mut Cage, unseen: &mut Cage) {
    let client =
        RunscopeLayer::new(recorder)
            .outgoing()
            .layer(service_fn(async |request: Request<_>| {
                let body: runscope::tower::RequestBody<Body> = request.into_body();
                let _ = body.collect().await;
                Ok::<_, io::Error>(Response::new(Body::from("fine")))
            }));
    let userinfo = unseen.text("userinfo of a call");
    let request = Request::post(format!(
        "https://user:{userinfo}@h.example/?api_key={}",
        cage.text("query of a call")
    ))
    .header(
        "authorization",
        format!("Bearer {}", cage.text("header of a call")),
    )
    .header("content-type", "application/json")
    .body(Body::from(format!(
        r#"{{"password":"{}"}}"#,
        cage.text("body of a call")
    )))
    .unwrap();
    let response = client.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();

    for (slot, text) in [
        ("url in an error", "can't reach postgres://app:$@db/app"),
        ("assignment in an error", "bad config: password=$"),
        ("json in an error", r#"the server said {"token":"$"}"#),
        ("header in an error", "sent Authorization: Bearer $"),
    ] {
        let text = text.replace('$', &cage.text(slot));
        let failing = RunscopeLayer::new(recorder).outgoing().layer(service_fn(
            move |_: Request<runscope::tower::RequestBody<Body>>| {
                let error = io::Error::other(text.clone());
                async move { Err::<Response<Body>, _>(error) }
            },
        ));
        failing
            .oneshot(Request::new(Body::empty()))
            .await
            .unwrap_err();
    }
}

/// Bodies that fail while they are streamed.
async fn failing(recorder: &Recorder, cage: &mut Cage) {
    for text in [
        cage.jwt("token in a stream's error"),
        cage.card("card in a stream's error"),
    ] {
        let frames: Frames = vec![
            Ok(Frame::data(Bytes::from("begun"))),
            Err(io::Error::other(text)),
        ];
        let response = answer(recorder, frames).await;
        response.into_body().collect().await.unwrap_err();
    }
    // The text is longer than what is kept of it, and is cut in the midst of the secret.
    let secret = cage.jwt("token at the end of a long error");
    let padding = ".".repeat(1024 - secret.len() * 2);
    let text = format!("{padding} {secret} {secret}");
    let response = answer(recorder, vec![Err(io::Error::other(text))]).await;
    response.into_body().collect().await.unwrap_err();
}

async fn trailers(recorder: &Recorder, unseen: &mut Cage) {
    let mut trailers = HeaderMap::new();
    for name in ["x-api-key", "x-note"] {
        let secret = unseen.text(&format!("trailer {name}"));
        trailers.insert(http::HeaderName::from_static(name), secret.parse().unwrap());
    }
    let frames: Frames = vec![
        Ok(Frame::data(Bytes::from("x"))),
        Ok(Frame::trailers(trailers.clone())),
    ];
    let collected = answer(recorder, frames)
        .await
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
}

/// The answer of a captured app whose body has these frames.
async fn answer(
    recorder: &Recorder,
    frames: Frames,
) -> Response<runscope::tower::ResponseBody<StreamBody<IterStream>>> {
    let mut frames = Some(frames);
    let app = RunscopeLayer::new(recorder).layer(service_fn(
        move |_: Request<runscope::tower::RequestBody<Body>>| {
            let frames = frames.take().unwrap_or_default().into_iter();
            async move { Ok::<_, Infallible>(Response::new(StreamBody::new(IterStream(frames)))) }
        },
    ));
    app.oneshot(Request::new(Body::empty())).await.unwrap()
}

struct IterStream(std::vec::IntoIter<Result<Frame<Bytes>, io::Error>>);

impl futures_core::Stream for IterStream {
    type Item = Result<Frame<Bytes>, io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

/// In actix-web a handler's error becomes a response, and that of another middleware stays one.
async fn refused(recorder: &Recorder, cage: &mut Cage) {
    let handler_text = format!("no: password={}", cage.text("error of a handler"));
    let middleware_text = format!("no: Bearer {}", cage.text("error of a middleware"));
    let app = App::new()
        .route(
            "/handler",
            web::get().to(move || {
                let text = handler_text.clone();
                async { Err::<HttpResponse, _>(actix_web::error::ErrorBadRequest(text)) }
            }),
        )
        .wrap_fn(move |request, _service| {
            let text = middleware_text.clone();
            let inner = actix_web::dev::Service::call(_service, request);
            async move {
                let response = inner.await?;
                match response.status().as_u16() {
                    404 => Err(actix_web::error::ErrorForbidden(text)),
                    _ => Ok(response),
                }
            }
        })
        .wrap(Runscope::new(recorder));
    let app = actix_test::init_service(app).await;
    for path in ["/handler", "/missing"] {
        let request = actix_test::TestRequest::with_uri(path).to_request();
        if let Ok(response) = actix_test::try_call_service(&app, request).await {
            let _ = actix_test::try_read_body(response).await;
        }
    }
}
