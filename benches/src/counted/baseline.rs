//! What ours added when it was last agreed on, and how a new figure is held to it.

use super::valgrind::Count;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is in the file.
#[derive(Debug, Default, PartialEq)]
pub struct Baseline {
    /// What it was counted with: another compiler makes other instructions, and another C library or
    /// processor has other ways to copy and to search.
    pub counted_with: String,
    /// By a case's name, what it adds to the bare app. In the order of the tables.
    pub added: Vec<(String, Count)>,
}

/// How a figure stands to the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Held,
    /// So much less that the baseline should be made anew, or the gain may be lost unseen.
    Better,
    MoreInstructions,
    MoreAllocations,
}

/// By this share instructions may grow. The same program counted twice differs by 0.05 % of all that it
/// does, which is a few instructions.
const TOLERANCE: f64 = 0.03;

/// What is allocated once in a while, such as a list that grows, may fall into one round or the next.
const ALLOCATIONS: f64 = 0.05;

pub fn judge(before: Count, now: Count) -> Verdict {
    if now.allocations > before.allocations + ALLOCATIONS {
        Verdict::MoreAllocations
    } else if now.instructions > before.instructions * (1.0 + TOLERANCE) {
        Verdict::MoreInstructions
    } else if now.instructions < before.instructions * (1.0 - TOLERANCE)
        || now.allocations < before.allocations - ALLOCATIONS
    {
        Verdict::Better
    } else {
        Verdict::Held
    }
}

impl Baseline {
    pub fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json")
    }

    pub fn of(&self, name: &str) -> Option<Count> {
        let found = self.added.iter().find(|(known, _)| known == name);
        found.map(|(_, count)| *count)
    }

    pub fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let count = |value: &Value| {
            Some(Count {
                instructions: value["instructions"].as_f64()?,
                allocations: value["allocations"].as_f64()?,
            })
        };
        let added = value["added"].as_object()?.iter();
        Some(Self {
            counted_with: value["counted_with"].as_str()?.to_owned(),
            added: added
                .map(|(name, value)| Some((name.clone(), count(value)?)))
                .collect::<Option<_>>()?,
        })
    }

    /// One line a case, so that a commit shows what it moved.
    pub fn write(&self) -> String {
        let added = self.added.iter().map(|(name, count)| {
            let count = json!({
                "instructions": count.instructions.round() as i64,
                "allocations": (count.allocations * 100.0).round() / 100.0,
            });
            (name.clone(), count)
        });
        let added: Map<String, Value> = added.collect();
        let lines: Vec<String> = added
            .iter()
            .map(|(name, count)| format!("    {}: {count}", json!(name)))
            .collect();
        let counted_with = json!(self.counted_with);
        format!(
            "{{\n  \"counted_with\": {counted_with},\n  \"added\": {{\n{}\n  }}\n}}\n",
            lines.join(",\n")
        )
    }
}

/// The compiler that has built this program, and what of this machine chooses instructions.
pub fn counted_with() -> String {
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map_or_else(
            |_| String::new(),
            |output| String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let compiler = said("rustc", "-vV");
    let of = |name: &str| {
        let line = compiler.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or("unknown").to_owned()
    };
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = processor.lines().find(|line| line.starts_with("flags"));
    let has = |name: &&str| flags.is_some_and(|flags| flags.split(' ').any(|flag| flag == *name));
    let ways: Vec<_> = ["avx2", "erms", "fsrm", "avx512vl"]
        .into_iter()
        .filter(has)
        .collect();
    format!(
        "rustc {} for {}, {}, {}",
        of("release: "),
        of("host: "),
        said("getconf", "GNU_LIBC_VERSION").trim(),
        ways.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(instructions: f64, allocations: f64) -> Count {
        Count {
            instructions,
            allocations,
        }
    }

    #[test]
    fn growth_is_told_from_noise_and_from_gain() {
        for (instructions, allocations, verdict) in [
            (1000.0, 4.0, Verdict::Held),
            (1030.0, 4.01, Verdict::Held),
            (971.0, 4.0, Verdict::Held),
            (1031.0, 4.0, Verdict::MoreInstructions),
            (969.0, 4.0, Verdict::Better),
            (1000.0, 3.0, Verdict::Better),
            (500.0, 5.0, Verdict::MoreAllocations),
        ] {
            let now = count(instructions, allocations);
            assert_eq!(judge(count(1000.0, 4.0), now), verdict, "{now:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let baseline = Baseline {
            counted_with: "rustc 1.95.0 for x86_64-unknown-linux-gnu, glibc 2.36, avx2".into(),
            added: vec![
                ("axum/get/ours".into(), count(3000.0, 4.0)),
                ("axum/post/ours".into(), count(4000.0, 5.02)),
            ],
        };
        assert_eq!(Baseline::read(&baseline.write()), Some(baseline));
        assert_eq!(Baseline::read("{}"), None);
    }
}
