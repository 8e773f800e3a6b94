//! What is known of one segment: where its records lie, and how far each has come.

use crate::frame::ACK_ROOM;
use crate::header::{Header, Holds};
use crate::name;
use crate::storage::Storage;
use std::io;
use std::ops::Range;

/// Two files: the records, and the acknowledgements of them. Both are only appended to.
pub(crate) struct Segment<F> {
    pub(crate) header: Header,
    /// The length of the records' file up to what was accepted.
    pub(crate) length: u64,
    /// In the order of their numbers.
    pub(crate) entries: Vec<Entry>,
    /// Not settled yet.
    pub(crate) live: usize,
    /// Of the live: handed out.
    pub(crate) handed: usize,
    /// When its newest record was appended, in milliseconds since 1970.
    pub(crate) newest: u64,
    /// Settled records whose acknowledgement is not durable yet.
    pub(crate) unwritten: Vec<u32>,
    /// A damaged segment is set aside when it is done with, not unlinked.
    pub(crate) is_damaged: bool,
    pub(crate) log: Option<F>,
    pub(crate) acks: Option<F>,
    /// The first so many entries are settled.
    settled: usize,
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    /// Where its frame begins.
    pub(crate) offset: u32,
    /// The length of its frame.
    pub(crate) length: u32,
    /// An index into the spool's keys.
    pub(crate) key: u16,
    pub(crate) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Handed,
    Settled,
}

impl<F> Segment<F> {
    pub(crate) fn new(header: Header, length: u64) -> Self {
        Self {
            header,
            length,
            entries: Vec::new(),
            live: 0,
            handed: 0,
            newest: 0,
            unwritten: Vec::new(),
            is_damaged: false,
            log: None,
            acks: None,
            settled: 0,
        }
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.header.sequence
    }

    pub(crate) fn push(&mut self, entry: Entry, time: u64) {
        self.live += usize::from(entry.state != State::Settled);
        self.newest = self.newest.max(time);
        self.entries.push(entry);
    }

    /// The number of the next record.
    pub(crate) fn next_number(&self) -> u32 {
        self.entries
            .last()
            .map_or(0, |last| last.number.saturating_add(1))
    }

    /// What it may come to take on disk, once every record of it is acknowledged one by one.
    pub(crate) fn charge(&self) -> u64 {
        let acks = self.entries.len().saturating_mul(ACK_ROOM);
        self.length.saturating_add(acks as u64)
    }

    /// The places of the records of a key that wait, oldest first.
    pub(crate) fn waiting(&self, key: u16) -> impl Iterator<Item = usize> + '_ {
        let rest = self.entries.iter().enumerate().skip(self.settled);
        rest.filter(move |(_, entry)| entry.state == State::Waiting && entry.key == key)
            .map(|(place, _)| place)
    }

    pub(crate) fn has_waiting(&self) -> bool {
        self.live > self.handed
    }

    pub(crate) fn hand_out(&mut self, place: usize) {
        if let Some(entry) = self.entries.get_mut(place)
            && entry.state == State::Waiting
        {
            entry.state = State::Handed;
            self.handed += 1;
        }
    }

    /// Takes back one record.
    pub(crate) fn put_back(&mut self, number: u32) {
        let found = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number);
        if let Ok(place) = found
            && let Some(entry) = self.entries.get_mut(place)
            && entry.state == State::Handed
        {
            entry.state = State::Waiting;
            self.handed = self.handed.saturating_sub(1);
        }
    }

    /// Takes back what of a key is handed out.
    pub(crate) fn give_back(&mut self, key: u16) {
        for entry in self.entries.iter_mut().skip(self.settled) {
            if entry.state == State::Handed && entry.key == key {
                entry.state = State::Waiting;
                self.handed = self.handed.saturating_sub(1);
            }
        }
    }

    /// Notes that a record is settled; its acknowledgement has to be written.
    pub(crate) fn settle(&mut self, number: u32) {
        let Ok(place) = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number)
        else {
            return;
        };
        let Some(entry) = self.entries.get_mut(place) else {
            return;
        };
        match std::mem::replace(&mut entry.state, State::Settled) {
            State::Settled => return,
            State::Handed => self.handed = self.handed.saturating_sub(1),
            State::Waiting => {}
        }
        self.live = self.live.saturating_sub(1);
        self.unwritten.push(number);
        while let Some(entry) = self.entries.get(self.settled)
            && entry.state == State::Settled
        {
            self.settled += 1;
        }
    }

    /// What is settled but not written, in as few runs as it can be said in.
    pub(crate) fn runs(&mut self) -> Vec<Range<u32>> {
        self.unwritten.sort_unstable();
        let mut runs: Vec<Range<u32>> = Vec::new();
        for &number in &self.unwritten {
            let end = number.saturating_add(1);
            match runs.last_mut() {
                Some(last) if last.end == number => last.end = end,
                _ => runs.push(number..end),
            }
        }
        runs
    }

    /// The records' file, opened where it is not.
    pub(crate) fn log<'a, S: Storage<File = F>>(
        &'a mut self,
        storage: &S,
    ) -> io::Result<&'a mut F> {
        let name = name::log(self.sequence());
        opened(&mut self.log, || storage.open(&name))
    }

    /// The file of acknowledgements, made anew where it was lost.
    pub(crate) fn acks<'a, S: Storage<File = F>>(
        &'a mut self,
        storage: &S,
    ) -> io::Result<&'a mut F> {
        let name = name::acks(self.sequence());
        let header = Header {
            holds: Holds::Acknowledgements,
            ..self.header
        };
        opened(&mut self.acks, || match storage.open(&name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut file = storage.create(&name)?;
                storage.append(&mut file, &header.encode())?;
                storage.sync(&file)?;
                storage.sync_directory()?;
                Ok(file)
            }
            opened => opened,
        })
    }
}

fn opened<F>(file: &mut Option<F>, open: impl FnOnce() -> io::Result<F>) -> io::Result<&mut F> {
    Ok(match file {
        Some(file) => file,
        none => none.insert(open()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(records: u32) -> Segment<()> {
        let header = Header {
            salt: 1,
            session: 1,
            sequence: 1,
            holds: Holds::Records,
        };
        let mut segment = Segment::new(header, 40);
        for number in 0..records {
            let entry = Entry {
                number,
                offset: number,
                length: 1,
                key: (number % 2) as u16,
                state: State::Waiting,
            };
            segment.push(entry, number.into());
        }
        segment
    }

    #[test]
    fn what_is_settled_is_said_in_runs() {
        let mut segment = segment(10);
        for number in [3, 1, 2, 7, 9, 8, 5, 5, 77] {
            segment.settle(number);
        }
        assert_eq!(segment.runs(), [1..4, 5..6, 7..10]);
        assert_eq!((segment.live, segment.handed), (3, 0));
    }

    #[test]
    fn a_record_is_handed_out_once_until_it_is_given_back() {
        let mut segment = segment(6);
        let waiting = |segment: &Segment<()>| segment.waiting(0).collect::<Vec<_>>();
        assert_eq!(waiting(&segment), [0, 2, 4]);
        segment.hand_out(0);
        segment.hand_out(2);
        segment.hand_out(2);
        assert_eq!((waiting(&segment), segment.handed), (vec![4], 2));
        segment.settle(0);
        segment.give_back(1);
        assert_eq!((waiting(&segment), segment.handed), (vec![4], 1));
        segment.put_back(2);
        segment.put_back(0);
        assert_eq!((waiting(&segment), segment.handed), (vec![2, 4], 0));
        segment.hand_out(2);
        segment.give_back(0);
        assert_eq!((waiting(&segment), segment.handed), (vec![2, 4], 0));
        assert_eq!(segment.live, 5);
    }
}
