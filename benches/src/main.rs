//! What the library costs, counted and timed beside its peers. docs/BENCHMARKS.md says how and shows
//! the figures.

mod exchange;
mod apps;
mod counted;
mod process;
mod delivery;
mod scaling;
mod inspector;

use apps::{Framework, Variant};
use std::process::ExitCode;

const USAGE: &str = "\
runscope-benches counted [--check | --bless]
    Instructions and allocations on the request's thread, by valgrind. --check holds them to
    benches/baseline.json, --bless writes them there. With the feature `peers` the peers are counted too.
runscope-benches process [ROUNDS]
    Processor time and throughput of whole servers over loopback, 15 rounds.
runscope-benches instructions
    All instructions of whole servers, whichever thread runs them, by valgrind.
runscope-benches memory
    The most memory of a server at full load while the API hangs.
runscope-benches delivery
    Processor time of the delivery thread for each exchange.
runscope-benches hang
    How long a push takes while the API hangs.
runscope-benches inspector [OPTIONS]
    What the inspector takes in and how fast it answers, by its own bench, whose options these are.
runscope-benches scaling
    How cost grows, as pictures in docs/benchmarks.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["counted"] => counted::run(counted::Then::Show),
        ["counted", "--check"] => counted::run(counted::Then::Check),
        ["counted", "--bless"] => counted::run(counted::Then::Bless),
        ["process"] => process::run(15),
        ["process", rounds] => process::run(rounds.parse().expect("a number of rounds")),
        ["instructions"] => process::instructions(),
        ["memory"] => process::memory(),
        ["delivery"] => delivery::run(),
        ["hang"] => delivery::hang(),
        ["scaling"] => scaling::run(),
        ["inspector", options @ ..] => inspector::run(options),
        // What these run of this program.
        ["scale", what, size] => scaling::subject(what, size.parse().expect("a size")),
        ["case", name] => counted::case(name),
        ["serve", framework, variant, api] => serve(framework, variant, api, false),
        ["serve", framework, variant, api, "patiently"] => serve(framework, variant, api, true),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn serve(framework: &str, variant: &str, api: &str, is_patient: bool) -> ExitCode {
    let framework = Framework::ALL
        .into_iter()
        .find(|known| known.name() == framework);
    let framework = framework.expect("a framework");
    let variant = [Variant::Bare]
        .into_iter()
        .chain(framework.servers())
        .find(|known| known.name() == variant);
    let variant = variant.expect("a variant");
    let api = api.parse().expect("an address");
    process::serve(framework, variant, api, is_patient)
}
