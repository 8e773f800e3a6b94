use super::picture::Picture;
use super::subject::{COUNTED, Subject, What};
use crate::apps::{Framework, Variant};
use crate::counted::valgrind;
use crate::exchange::Exchange;
use crate::process::{Api, Child, Manners, load};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

type Points = Vec<(f64, f64)>;

/// Measures all, and writes a picture of each into `docs/benchmarks`.
pub fn run() -> ExitCode {
    match pictures() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn pictures() -> Result<(), String> {
    let instructions = "instructions on the request's thread";
    let bodies = [0, 1, 2, 4, 8, 16, 24, 32, 48, 64].map(|kib| kib * 1024);
    draw(
        "headers",
        Picture {
            title: "An exchange by the number of its headers (32 bytes each)",
            x: "headers",
            y: instructions,
            lines: vec![(
                "request's thread",
                counted(What::Headers, &[0, 4, 8, 16, 32, 64])?,
            )],
            doubles: false,
        },
    )?;
    draw(
        "header-bytes",
        Picture {
            title: "An exchange by the length of a header",
            x: "bytes of its value",
            y: instructions,
            lines: vec![(
                "request's thread",
                counted(What::HeaderBytes, &[0, 512, 1024, 2048, 4096, 8192])?,
            )],
            doubles: false,
        },
    )?;
    draw(
        "bodies",
        Picture {
            title: "An exchange by its body, in frames of 16 KiB",
            x: "bytes",
            y: instructions,
            lines: vec![
                ("captured", counted(What::Kept, &bodies)?),
                ("passing by", counted(What::Passing, &bodies)?),
            ],
            doubles: false,
        },
    )?;
    draw(
        "queue",
        Picture {
            title: "An exchange by what waits in the queue",
            x: "exchanges",
            y: instructions,
            lines: vec![(
                "request's thread",
                counted(What::Queued, &[300, 2000, 4000, 6000, 8000, 9800])?,
            )],
            doubles: false,
        },
    )?;
    draw(
        "delivery",
        Picture {
            title: "The delivery of an exchange by its captured body",
            x: "bytes",
            y: "processor time, µs",
            lines: vec![("delivery thread", delivered(&bodies))],
            doubles: false,
        },
    )?;
    draw(
        "connections",
        Picture {
            title: "axum, a GET over loopback, by the number of connections",
            x: "connections",
            y: "processor time of the server for an exchange, µs",
            lines: vec![
                ("runscope", served(Variant::Ours { bodies: false })),
                ("bare", served(Variant::Bare)),
            ],
            doubles: true,
        },
    )
}

fn counted(what: What, sizes: &[usize]) -> Result<Points, String> {
    let points = sizes.iter().map(|size| {
        let arguments = ["scale", what.name(), &size.to_string()];
        let count = valgrind::count(&arguments, COUNTED, &env::temp_dir())?;
        Ok((*size as f64, count.instructions))
    });
    points.collect()
}

/// The least of some rounds.
fn delivered(sizes: &[usize]) -> Points {
    let point = |size: &usize| {
        let subject = Subject::new(What::Kept, *size);
        let rounds = (0..10).map(|_| {
            let before = subject.ours.delivery_time();
            for _ in 0..100 {
                subject.capture();
            }
            subject.ours.settle();
            let took = subject.ours.delivery_time().saturating_sub(before);
            took.as_secs_f64() * 1e6 / 100.0
        });
        // In the first one everything is made that is made once.
        let least = rounds.skip(1).fold(f64::INFINITY, f64::min);
        subject.ours.end();
        (*size as f64, least)
    };
    sizes.iter().map(point).collect()
}

/// The least of some rounds, for each number of connections.
fn served(variant: Variant) -> Points {
    const REQUESTS: usize = 8192;
    let api = Api::start(Manners::Accepts);
    let mut server = Child::start(Framework::Axum, variant, api.0);
    load(server.address, Exchange::Get, 16, REQUESTS);
    let connections = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
    let point = |connections: usize| {
        let rounds = (0..3).map(|_| {
            let before = server.settled().processor;
            load(server.address, Exchange::Get, connections, REQUESTS);
            let took = server.settled().processor.saturating_sub(before);
            took.as_secs_f64() * 1e6 / REQUESTS as f64
        });
        (connections as f64, rounds.fold(f64::INFINITY, f64::min))
    };
    connections.map(point).into()
}

/// Writes the picture, and prints its figures.
fn draw(name: &str, picture: Picture<'_>) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
    let file = folder.join(format!("{name}.svg"));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, picture.svg()))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}", picture.title);
    for (line, points) in &picture.lines {
        let points: Vec<_> = points
            .iter()
            .map(|(x, y)| format!("{x:.0}: {y:.1}"))
            .collect();
        println!("    {line}: {}", points.join(", "));
    }
    Ok(())
}
