//! The measured server, in a process of its own.

use super::cpu::processor_time;
use super::instructions::mark;
use crate::apps::{Framework, Ours, PATIENCE, Variant, on_actix, on_axum};
use runscope::Config;
use std::io::{BufRead, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::{fs, thread};

/// Serves until its standard input ends. For each line of it, it waits until all that was captured is
/// delivered, and says what it took so far. Where it is patient, only a full batch or a flush is
/// delivered, and never one whose time has come.
pub fn serve(
    framework: Framework,
    variant: Variant,
    api: SocketAddr,
    is_patient: bool,
) -> ExitCode {
    let ours = ours(variant, api, is_patient);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    #[cfg(feature = "peers")]
    crate::apps::send_each_to(api);
    thread::scope(|scope| {
        scope.spawn(|| match framework {
            Framework::Axum => serve_axum(listener, variant, ours.as_ref()),
            Framework::Actix => serve_actix(listener, variant, ours.as_ref()),
        });
        println!("{address}");
        let mut marks = 0;
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match line.as_str() {
                "settle" => settle(ours.as_ref()),
                "mark" => mark(&mut marks),
                _ => {}
            }
            // What is let go of is cheap, and must not pass for a good figure.
            let stats = ours.as_ref().map(|ours| ours.recorder.stats());
            let dropped = stats.map_or(0, |stats| stats.dropped.total());
            let processor = processor_time().as_nanos();
            println!("{processor} {} {dropped}", peak_memory());
            let _ = std::io::stdout().flush();
        }
        // The server has no end of its own.
        std::process::exit(0)
    })
}

fn ours(variant: Variant, api: SocketAddr, is_patient: bool) -> Option<Ours> {
    let (Variant::Ours { bodies } | Variant::OursRound { bodies }) = variant else {
        return None;
    };
    let config = Config::builder()
        .access_token("token")
        .bucket_key("bucket")
        .api_endpoint(format!("http://{api}"))
        .allow_plain_http(true)
        .log_body(bodies);
    Some(Ours::of(match is_patient {
        true => config.max_coalescing_delay(PATIENCE),
        false => config,
    }))
}

fn settle(ours: Option<&Ours>) {
    if let Some(ours) = ours {
        ours.settle();
    }
    #[cfg(feature = "peers")]
    while crate::apps::are_being_sent() > 0 {
        thread::sleep(std::time::Duration::from_millis(1));
    }
}

fn serve_axum(listener: TcpListener, variant: Variant, ours: Option<&Ours>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    listener.set_nonblocking(true).expect("a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let app = on_axum::app(variant, ours);
    let served = runtime.block_on(async { axum::serve(listener, app).await });
    served.expect("a server");
}

fn serve_actix(listener: TcpListener, variant: Variant, ours: Option<&Ours>) {
    on_actix::with_app!(variant, ours, |app| {
        let server = actix_web::HttpServer::new(app)
            .workers(2)
            .disable_signals()
            .listen(listener)
            .expect("a listener");
        let served = actix_web::rt::System::new().block_on(server.run());
        served.expect("a server");
    });
}

/// The most memory that this process had, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number")
}
