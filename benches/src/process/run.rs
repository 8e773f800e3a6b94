use super::api::{Api, Manners};
use super::child::Child;
use super::load::load;
use crate::apps::{Framework, Variant};
use crate::exchange::Exchange;
use std::process::ExitCode;
use std::time::Duration;

const CONNECTIONS: usize = 16;

/// Exchanges of one variant in one round.
const REQUESTS: usize = 16_000;

/// One variant, and what it took in each round.
struct Contender {
    variant: Variant,
    title: String,
    server: Child,
    /// Microseconds of processor time for an exchange.
    processor: Vec<f64>,
    /// Exchanges a second.
    rate: Vec<f64>,
    dropped: u64,
}

/// Compares all variants over so many rounds, and prints a table for each framework and exchange.
pub fn run(rounds: usize) -> ExitCode {
    let api = Api::start(Manners::Accepts);
    for framework in Framework::ALL {
        for exchange in [Exchange::Get, Exchange::Post] {
            let mut contenders = contenders(framework, &api);
            for contender in &mut contenders {
                contender.round(exchange);
                contender.forget();
            }
            for round in 0..rounds {
                // Nobody is always the one that runs first.
                let count = contenders.len();
                for turn in 0..count {
                    contenders[(round + turn) % count].round(exchange);
                }
            }
            print(framework, exchange, &contenders);
        }
    }
    ExitCode::SUCCESS
}

fn contenders(framework: Framework, api: &Api) -> Vec<Contender> {
    let mut variants = vec![(Variant::Bare, "bare".to_owned())];
    variants.push((Variant::Bare, "bare, against itself".to_owned()));
    let others = framework.servers().into_iter();
    variants.extend(others.map(|variant| (variant, variant.title().to_owned())));
    let contender = |(variant, title)| Contender {
        variant,
        title,
        server: Child::start(framework, variant, api.0),
        processor: Vec::new(),
        rate: Vec::new(),
        dropped: 0,
    };
    variants.into_iter().map(contender).collect()
}

impl Contender {
    fn round(&mut self, exchange: Exchange) {
        let before = self.server.settled();
        let took = load(self.server.address, exchange, CONNECTIONS, REQUESTS);
        let after = self.server.settled();
        let processor = after.processor - before.processor;
        self.dropped += after.dropped - before.dropped;
        self.processor.push(micros(processor) / REQUESTS as f64);
        self.rate.push(REQUESTS as f64 / took.as_secs_f64());
    }

    /// What it did not do of its work.
    fn loss(&self) -> String {
        let share = self.dropped as f64 / (self.rate.len() * REQUESTS) as f64;
        match self.dropped {
            0 => String::new(),
            _ => format!("; {:.0} % did not fit into the queue", share * 100.0),
        }
    }

    fn forget(&mut self) {
        self.processor.clear();
        self.rate.clear();
        self.dropped = 0;
    }
}

fn print(framework: Framework, exchange: Exchange, contenders: &[Contender]) {
    let Some(bare) = contenders.first() else {
        return;
    };
    println!(
        "| {}, {} | processor time, µs | + µs | × bare, median (least – most) | requests/s, × bare, median (least – most) |\n\
         |---|--:|--:|--:|--:|",
        framework.name(),
        exchange.name(),
    );
    for contender in contenders {
        let own = least(&contender.processor);
        let added = match contender.variant {
            Variant::Bare => String::new(),
            _ => format!("+{:.1}", own - least(&bare.processor)),
        };
        println!(
            "| {}{} | {own:.1} | {added} | {} | {} |",
            contender.title,
            contender.loss(),
            ratios(&contender.processor, &bare.processor),
            ratios(&contender.rate, &bare.rate),
        );
    }
    println!();
}

/// What each round's value is to that of the bare app in the same round.
fn ratios(of: &[f64], bare: &[f64]) -> String {
    let mut ratios: Vec<f64> = of.iter().zip(bare).map(|(of, bare)| of / bare).collect();
    ratios.sort_by(f64::total_cmp);
    let at = |place: usize| ratios.get(place).copied().unwrap_or(f64::NAN);
    let last = ratios.len().saturating_sub(1);
    format!("{:.2} ({:.2} – {:.2})", at(last / 2), at(0), at(last))
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
