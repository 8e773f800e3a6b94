//! The verdicts on names that were judged lately.

use std::cell::RefCell;

use super::names::{Class, NameKind};
use super::octets;

const SETS: usize = 64;
const WAYS: usize = 4;
const LONGEST: usize = 48;

#[derive(Clone, Copy)]
struct Slot {
    rules: u64,
    key: Key,
    class: Class,
    name: [u8; LONGEST],
}

/// What of a name is compared first; of one with up to 16 bytes it is all.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    ends: [u64; 2],
    length: u8,
    kind: NameKind,
}

const EMPTY: Slot = Slot {
    rules: 0,
    key: Key {
        ends: [0; 2],
        length: 0,
        kind: NameKind::Header,
    },
    class: Class::Plain,
    name: [0; LONGEST],
};

// Names repeat, so each thread keeps a small table of sets: a verdict costs a hash and a compare or two.
// The bytes, the kind and the rules' number are compared in full: a collision only means judging anew.
thread_local! {
    static TABLE: RefCell<[[Slot; WAYS]; SETS]> = const { RefCell::new([[EMPTY; WAYS]; SETS]) };
}

/// The verdict on a name under the rules with this number (never 0), judged only when it is new.
#[inline]
pub(super) fn verdict(rules: u64, kind: NameKind, name: &[u8], judge: impl Fn() -> Class) -> Class {
    let length = match u8::try_from(name.len()) {
        Ok(length) if name.len() <= LONGEST => length,
        _ => return judge(),
    };
    let key = Key {
        ends: octets::ends(name),
        length,
        kind,
    };
    TABLE
        .try_with(|table| {
            let mut table = table.try_borrow_mut().ok()?;
            let hash = hash(key);
            let set = table.get_mut((hash >> 58) as usize % SETS)?;
            let is_known = |slot: &&Slot| {
                slot.key == key
                    && slot.rules == rules
                    && (name.len() <= 16 || slot.name.get(..name.len()) == Some(name))
            };
            if let Some(slot) = set.iter().find(is_known) {
                return Some(slot.class);
            }
            let class = judge();
            let free = set.iter().position(|slot| slot.rules == 0);
            let slot = set.get_mut(free.unwrap_or((hash >> 48) as usize % WAYS))?;
            slot.name.get_mut(..name.len())?.copy_from_slice(name);
            (slot.rules, slot.key, slot.class) = (rules, key, class);
            Some(class)
        })
        .ok()
        .flatten()
        .unwrap_or_else(judge)
}

/// Mixes the length, the first and the last eight bytes; the upper bits are the best mixed.
fn hash(key: Key) -> u64 {
    let [head, tail] = key.ends;
    (head ^ tail.rotate_left(29) ^ (u64::from(key.length) << 3) ^ key.kind as u64)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_name_is_judged_once_for_each_kind_and_rules() {
        let judged = Cell::new(0);
        let ask = |rules, kind, name: &str, class| {
            verdict(rules, kind, name.as_bytes(), || {
                judged.set(judged.get() + 1);
                class
            })
        };
        assert_eq!(
            ask(u64::MAX, NameKind::Header, "x-cached", Class::Secret),
            Class::Secret
        );
        assert_eq!(
            ask(u64::MAX, NameKind::Header, "x-cached", Class::Plain),
            Class::Secret
        );
        assert_eq!(judged.get(), 1);
        assert_eq!(
            ask(u64::MAX - 1, NameKind::Header, "x-cached", Class::Plain),
            Class::Plain
        );
        assert_eq!(
            ask(u64::MAX - 1, NameKind::Field, "x-cached", Class::Secret),
            Class::Secret
        );
        assert_eq!(judged.get(), 3);
    }

    #[test]
    fn names_that_share_a_slot_never_share_a_verdict() {
        let names: Vec<String> = (0..5000)
            .map(|number| format!("prefix-{number}-suffix"))
            .collect();
        for round in 0..2 {
            for (number, name) in names.iter().enumerate() {
                let class = if number % 3 == 0 {
                    Class::Secret
                } else {
                    Class::Plain
                };
                let found = verdict(u64::MAX - 2, NameKind::Field, name.as_bytes(), || class);
                assert_eq!(found, class, "{name} in round {round}");
            }
        }
    }

    #[test]
    fn long_names_are_judged_each_time() {
        let name = "n".repeat(LONGEST + 1);
        let ask = |class| verdict(u64::MAX - 3, NameKind::Field, name.as_bytes(), || class);
        assert_eq!(ask(Class::Secret), Class::Secret);
        assert_eq!(ask(Class::Plain), Class::Plain);
    }
}
