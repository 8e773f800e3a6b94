use std::collections::{BTreeSet, HashMap};

/// What is read of callgrind's file
/// (<https://valgrind.org/docs/manual/cl-format.html>).
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    pub instructions: u64,
    /// Calls of the functions that give memory, a growth of what is there among them.
    pub allocations: u64,
}

/// All instructions that are in a file of callgrind's.
pub fn total(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    line.trim().parse().ok()
}

const ALLOCATE: [&str; 5] = [
    "malloc",
    "calloc",
    "realloc",
    "aligned_alloc",
    "posix_memalign",
];

impl Profile {
    /// `None` where nothing was counted: then the function that is to be counted has another name.
    ///
    /// The file's own numbers of calls hold those too that were not to be counted. But how often a
    /// function's first instruction ran is how often it was called.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (mut function, mut called) = ("", "");
        let mut entries = BTreeSet::new();
        let mut ran: HashMap<&str, u64> = HashMap::new();
        let mut instructions = 0;
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = name;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                called = name;
            } else if let Some(call) = line.strip_prefix("calls=") {
                if ALLOCATE.contains(&called) {
                    entries.insert(call.split(' ').nth(1)?);
                }
                // What the call took is a part of what the called function has.
                lines.next();
            } else if let Some(totals) = line.strip_prefix("totals: ") {
                instructions = totals.trim().parse().ok()?;
            } else if line.starts_with("0x") && ALLOCATE.contains(&function) {
                let mut columns = line.split(' ');
                let (address, times) = (columns.next()?, columns.nth(1)?);
                *ran.entry(address).or_default() += times.parse::<u64>().ok()?;
            }
        }
        let calls = entries.iter().filter_map(|entry| ran.get(entry));
        (instructions > 0).then_some(Self {
            instructions,
            allocations: calls.sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_the_allocator_are_what_its_first_instruction_ran() {
        let text = "\
positions: instr line
events: Ir
fn=app
0x10 0 5
cfn=malloc
calls=90 0x100 0
0x11 0 60
cfn=memcpy
calls=9 0x300 0
0x12 0 90
fn=other
0x20 0 1
cfn=realloc
calls=2 0x200 0
0x21 0 10
fn=malloc
0x100 0 3
0x104 0 30
fn=realloc
0x200 0 2
cfn=malloc
calls=1 0x100 0
0x204 0 8
fn=memcpy
0x300 0 9

totals: 165
";
        let profile = Profile {
            instructions: 165,
            allocations: 5,
        };
        assert_eq!(Profile::read(text), Some(profile));
        assert_eq!(total(text), Some(165));
    }

    #[test]
    fn a_file_in_which_nothing_was_counted_is_none() {
        for text in ["", "events: Ir\n\ntotals: 0\n", "totals: many"] {
            assert_eq!(Profile::read(text), None, "{text}");
        }
    }
}
