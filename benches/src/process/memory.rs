use super::api::{Api, Manners};
use super::child::Child;
use super::load::load;
use crate::apps::{Framework, Variant};
use crate::exchange::Exchange;
use std::process::ExitCode;

/// The most memory of a server at full load whose API takes connections and never answers, beside that
/// of the bare server at the same load.
pub fn memory() -> ExitCode {
    println!(
        "| peak memory, the API hangs, 200,000 POSTs of 10 KiB | MiB | + MiB |\n|---|--:|--:|"
    );
    for framework in Framework::ALL {
        let mut bare = None;
        for variant in [Variant::Bare, Variant::Ours { bodies: true }] {
            let api = Api::start(Manners::Hangs);
            let mut server = Child::start(framework, variant, api.0);
            load(server.address, Exchange::Post, 64, 200_000);
            let peak = server.now().peak_kib as f64 / 1024.0;
            let added = bare.map_or(String::new(), |bare: f64| format!("+{:.0}", peak - bare));
            bare = bare.or(Some(peak));
            println!(
                "| {}, {} | {peak:.0} | {added} |",
                framework.name(),
                variant.title()
            );
        }
    }
    ExitCode::SUCCESS
}
