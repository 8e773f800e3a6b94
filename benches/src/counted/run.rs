use super::baseline::{Baseline, Verdict, counted_with, judge};
use super::case::{COUNTED, Case};
use super::table;
use super::valgrind::{self, Count};
use crate::apps::Variant;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::{env, fs, thread};

/// What is done with the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Show,
    /// Hold ours to the baseline.
    Check,
    /// Make them the baseline.
    Bless,
}

/// The figures of all cases, in their order.
pub struct Counts(Vec<(Case, Count)>);

impl Counts {
    pub fn of(&self, case: Case) -> Option<Count> {
        let found = self.0.iter().find(|(known, _)| *known == case);
        found.map(|(_, count)| *count)
    }

    /// What a case takes beyond the bare app, in the same run.
    pub fn added(&self, case: Case) -> Option<Count> {
        let (now, bare) = (self.of(case)?, self.of(case.with(Variant::Bare))?);
        Some(Count {
            instructions: now.instructions - bare.instructions,
            allocations: now.allocations - bare.allocations,
        })
    }

    fn ours(&self) -> Vec<(String, Count)> {
        let ours = self.0.iter().filter(|(case, _)| case.variant.is_ours());
        ours.filter_map(|(case, _)| Some((case.name(), self.added(*case)?)))
            .collect()
    }
}

pub fn run(then: Then) -> ExitCode {
    if !valgrind::is_installed() {
        eprintln!("valgrind is needed to count instructions, and is not installed");
        return ExitCode::FAILURE;
    }
    let counts = match count_all(Case::all()) {
        Ok(counts) => counts,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    print!("{}", table::markdown(&counts));
    match then {
        Then::Show => ExitCode::SUCCESS,
        Then::Check => check(&counts),
        Then::Bless => bless(&counts),
    }
}

/// As many at a time as there are cores: what one counts, the others don't change.
fn count_all(cases: Vec<Case>) -> Result<Counts, String> {
    let folder = env::var_os("RUNSCOPE_PROFILES").map_or_else(env::temp_dir, PathBuf::from);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let waiting = Mutex::new(cases.iter().copied());
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let work = || {
        let mut done = Vec::new();
        while let Some(case) = next() {
            let count = valgrind::count(&["case", &case.name()], COUNTED, &folder)?;
            done.push((case, count));
        }
        Ok::<_, String>(done)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut all = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let done = worker.join().map_err(|_| "a worker panicked".to_owned())?;
            all.extend(done?);
        }
        Ok::<_, String>(())
    })?;
    all.sort_by_key(|(case, _)| cases.iter().position(|known| known == case));
    Ok(Counts(all))
}

fn check(counts: &Counts) -> ExitCode {
    let path = Baseline::path();
    let text = fs::read_to_string(&path).unwrap_or_default();
    let Some(baseline) = Baseline::read(&text) else {
        eprintln!("{} is no baseline: make it by --bless", path.display());
        return ExitCode::FAILURE;
    };
    let (here, there) = (counted_with(), &baseline.counted_with);
    let mut has_grown = false;
    for (name, now) in counts.ours() {
        let Some(before) = baseline.of(&name) else {
            println!("{name} is not in the baseline: make it anew by --bless");
            has_grown = true;
            continue;
        };
        let verdict = judge(before, now);
        let what = match verdict {
            Verdict::Held => continue,
            Verdict::Better => "is better than the baseline, which --bless makes anew",
            Verdict::MoreInstructions => "takes over 3 % more instructions than the baseline",
            Verdict::MoreAllocations => "allocates more than the baseline",
        };
        has_grown |= match verdict {
            Verdict::Held | Verdict::Better => false,
            Verdict::MoreInstructions => here == *there,
            Verdict::MoreAllocations => true,
        };
        println!(
            "{name} {what}: it adds {:.0} instructions and {:.2} allocations, and added {:.0} and {:.2}",
            now.instructions, now.allocations, before.instructions, before.allocations
        );
    }
    if here != *there {
        println!(
            "Instructions are shown and not judged: the baseline's are of {there}, these of {here}."
        );
    }
    if has_grown {
        println!(
            "Where it is worth that, make the baseline anew by --bless, and say in the commit why."
        );
        return ExitCode::FAILURE;
    }
    println!("Ours adds no more than in the baseline.");
    ExitCode::SUCCESS
}

fn bless(counts: &Counts) -> ExitCode {
    let baseline = Baseline {
        counted_with: counted_with(),
        added: counts.ours(),
    };
    match fs::write(Baseline::path(), baseline.write()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", Baseline::path().display());
            ExitCode::FAILURE
        }
    }
}
