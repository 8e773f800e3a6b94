use super::collect::collect;
use crate::apps::{Framework, Ours, Variant, on_actix, on_axum};
use crate::exchange::Exchange;
use std::process::ExitCode;

/// One thing that is counted: an exchange with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub framework: Framework,
    pub exchange: Exchange,
    pub variant: Variant,
}

/// How many exchanges are counted.
pub const COUNTED: usize = ROUNDS * ROUND;

/// After each round the delivery catches up, so that every one begins alike. It is a quarter of a
/// batch, and a push wakes the delivery once in a batch: no such wake is counted.
const ROUND: usize = 50;
const ROUNDS: usize = 6;

/// Rounds that are not counted: what is made once is made there.
const FIRST_ROUNDS: usize = 2;

impl Case {
    /// All that this build can count, in the order of the tables.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for framework in Framework::ALL {
            for exchange in Exchange::ALL {
                let case = |variant| Self {
                    framework,
                    exchange,
                    variant,
                };
                let variants = framework.variants().into_iter();
                all.extend(variants.map(case).filter(|case| !case.takes_minutes()));
            }
        }
        all
    }

    /// As in `axum/get/ours`.
    pub fn name(self) -> String {
        let (framework, exchange) = (self.framework.name(), self.exchange.name());
        format!("{framework}/{exchange}/{}", self.variant.name())
    }

    /// JSON of a whole megabyte for each exchange, of which valgrind shows no more than that it is much.
    fn takes_minutes(self) -> bool {
        self.exchange == Exchange::Stream && self.variant.name() == "buffer-json"
    }

    pub fn with(self, variant: Variant) -> Self {
        Self { variant, ..self }
    }
}

/// Does what is counted of a case.
pub fn case(name: &str) -> ExitCode {
    let Some(case) = Case::all().into_iter().find(|case| case.name() == name) else {
        eprintln!("there is no case {name}");
        return ExitCode::from(2);
    };
    let ours = match case.variant {
        Variant::Ours { bodies } | Variant::OursRound { bodies } => Some(Ours::start(bodies)),
        _ => None,
    };
    match case.framework {
        Framework::Axum => in_axum(case, ours.as_ref()),
        Framework::Actix => in_actix(case, ours.as_ref()),
    }
    // A figure of exchanges that nobody captured would be a good one.
    if let Some(ours) = &ours {
        let delivered = ours.delivered().delivered;
        assert_eq!(delivered, ((FIRST_ROUNDS + ROUNDS) * ROUND) as u64);
    }
    ExitCode::SUCCESS
}

fn in_axum(case: Case, ours: Option<&Ours>) {
    // What a peer spawns runs on the worker, as it would beside other requests.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let request = || on_axum::request(case.exchange);
    runtime.block_on(async {
        match (case.variant, ours) {
            (Variant::OursRound { .. }, Some(ours)) => {
                let app = on_axum::round(ours);
                rounds(case, Some(ours), request, |request| {
                    on_axum::exchange(&app, request)
                })
                .await;
            }
            _ => {
                let app = on_axum::app(case.variant, ours);
                rounds(case, ours, request, |request| {
                    on_axum::exchange(&app, request)
                })
                .await;
            }
        }
    });
}

fn in_actix(case: Case, ours: Option<&Ours>) {
    let request = || on_actix::request(case.exchange).to_request();
    actix_web::rt::System::new().block_on(async {
        on_actix::with_app!(case.variant, ours, |app| {
            let app = actix_web::test::init_service(app()).await;
            rounds(case, ours, request, |request| {
                on_actix::exchange(&app, request)
            })
            .await;
        });
    });
}

async fn rounds<R, F: Future<Output = usize>>(
    case: Case,
    ours: Option<&Ours>,
    request: impl Fn() -> R,
    exchange: impl Fn(R) -> F,
) {
    for round in 0..FIRST_ROUNDS + ROUNDS {
        for _ in 0..ROUND {
            let answered = collect(round >= FIRST_ROUNDS, exchange(request())).await;
            assert_eq!(answered, case.exchange.answer_len());
        }
        if let Some(ours) = ours {
            ours.settle();
        }
    }
}
