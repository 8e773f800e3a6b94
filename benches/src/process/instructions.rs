use super::api::{Api, Manners};
use super::child::Child;
use super::load::load;
#[cfg(feature = "peers")]
use crate::apps::Peer;
use crate::apps::{Framework, Variant};
use crate::counted::{signed, total, valgrind};
use crate::exchange::Exchange;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

const CONNECTIONS: usize = 16;

/// Exchanges of a round. All of them fit into the queue, so that none is dropped however late the
/// delivery gets its turn under valgrind.
const ROUND: usize = 800;

const ROUNDS: usize = 3;

const EXCHANGES: [Exchange; 2] = [Exchange::Get, Exchange::Post];

/// Prints for each framework and exchange what a whole server takes, by the instructions of all of its
/// threads in user space.
pub fn instructions() -> ExitCode {
    if !valgrind::is_installed() {
        eprintln!("valgrind is needed to count instructions, and is not installed");
        return ExitCode::FAILURE;
    }
    let folder = env::var_os("RUNSCOPE_PROFILES").map_or_else(env::temp_dir, PathBuf::from);
    let api = Api::start(Manners::Accepts);
    for framework in Framework::ALL {
        let mut rows = Vec::new();
        for (number, (variant, title)) in contenders(framework).into_iter().enumerate() {
            let file = folder.join(format!("{}-{number}.callgrind", framework.name()));
            match measure(framework, variant, &api, &file) {
                Ok(taken) => rows.push((variant, title, taken)),
                Err(error) => {
                    eprintln!("{title}: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
        for (place, exchange) in EXCHANGES.into_iter().enumerate() {
            let rows = rows
                .iter()
                .map(|(variant, title, taken)| (*variant, title.as_str(), taken[place]));
            print(framework, exchange, &rows.collect::<Vec<_>>());
        }
    }
    ExitCode::SUCCESS
}

/// What valgrind is told to look out for: where it is called, what was counted is written down, and
/// counted anew from nothing.
#[inline(never)]
pub fn mark(marks: &mut u64) {
    *marks = black_box(*marks + 1);
}

const MARK: &str = "runscope_benches::process::instructions::mark";

fn contenders(framework: Framework) -> Vec<(Variant, String)> {
    let mut all = vec![(Variant::Bare, "bare".to_owned())];
    all.push((Variant::Bare, "bare, against itself".to_owned()));
    let others = framework.servers().into_iter();
    all.extend(others.map(|variant| (variant, variant.title().to_owned())));
    all
}

/// Instructions of one exchange of each kind, the median of the rounds.
fn measure(
    framework: Framework,
    variant: Variant,
    api: &Api,
    file: &Path,
) -> Result<[f64; EXCHANGES.len()], String> {
    // Turns are given in order: a thread that waits for work gets no more of them than it would alone.
    let options = ["--fair-sched=yes", &format!("--dump-before={MARK}")];
    let mut command = valgrind::callgrind(&options, file);
    let (framework, variant, api) = (framework.name(), variant.name(), api.0.to_string());
    command
        .arg("serve")
        .args([framework, variant, &api, "patiently"])
        .stderr(std::process::Stdio::null());
    let dumps_of_all = 2 * (ROUNDS + 1) * EXCHANGES.len();
    for dump in 1..=dumps_of_all {
        let _ = fs::remove_file(format!("{}.{dump}", file.display()));
    }
    let mut server = Child::of(command);
    let mut dumps = 0;
    let mut taken = [0.0; EXCHANGES.len()];
    for (exchange, taken) in EXCHANGES.into_iter().zip(&mut taken) {
        let mut rounds = Vec::new();
        for _ in 0..=ROUNDS {
            server.mark();
            load(server.address, exchange, CONNECTIONS, ROUND);
            let dropped = server.settled().dropped;
            server.mark();
            dumps += 2;
            if dropped > 0 {
                return Err(format!("{dropped} exchanges were dropped"));
            }
            rounds.push(counted(file, dumps)? as f64 / ROUND as f64);
        }
        // In the first one everything is made that is made once.
        let rounds = rounds.get_mut(1..).unwrap_or_default();
        rounds.sort_by(f64::total_cmp);
        *taken = rounds.get(ROUNDS / 2).copied().unwrap_or(f64::NAN);
    }
    Ok(taken)
}

/// What was counted up to a mark since the mark before it.
fn counted(file: &Path, dump: usize) -> Result<u64, String> {
    let path = format!("{}.{dump}", file.display());
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // What is here the next time is of that time.
    let _ = fs::remove_file(&path);
    total(&text).ok_or_else(|| format!("{path} is no profile"))
}

fn print(framework: Framework, exchange: Exchange, rows: &[(Variant, &str, f64)]) {
    let of = |wanted: Variant| {
        let found = rows.iter().find(|(variant, ..)| *variant == wanted);
        found.map(|(.., taken)| *taken)
    };
    let Some(bare) = of(Variant::Bare) else {
        return;
    };
    println!(
        "| {}, {} | instructions an exchange | + | × bare | of what one POST an exchange adds |\n\
         |---|--:|--:|--:|--:|",
        framework.name(),
        exchange.name(),
    );
    for (variant, title, taken) in rows {
        let added = match variant {
            Variant::Bare => String::new(),
            _ => signed("+", taken - bare),
        };
        let share = same_by_posts(*variant)
            .and_then(of)
            .map_or(String::new(), |posts| {
                format!("{:.3}", (taken - bare) / (posts - bare))
            });
        println!(
            "| {title} | {} | {added} | {:.2} | {share} |",
            signed("", *taken),
            taken / bare
        );
    }
    println!();
}

/// What does the same as ours by a POST for each exchange.
fn same_by_posts(ours: Variant) -> Option<Variant> {
    match ours {
        #[cfg(feature = "peers")]
        Variant::Ours { bodies } => Some(Variant::Peer(Peer::PostEach { bodies })),
        _ => None,
    }
}
