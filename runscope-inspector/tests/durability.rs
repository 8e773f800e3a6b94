//! What was answered is there after `kill -9`, once, and the store opens.

#![allow(clippy::unwrap_used, clippy::panic)]

use runscope_core::{Message, Request};
use runscope_inspector::exchange::Timestamp;
use runscope_inspector::query::Expr;
use runscope_inspector::store::{Scan, Search, Settings, Sqlite, Store};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const DIRECTORY: &str = "RUNSCOPE_TEST_KILLED_STORE";
const ROUND: &str = "RUNSCOPE_TEST_KILLED_ROUND";

/// How often the child is killed, each time a little later in its work.
const ROUNDS: usize = 50;

#[test]
fn what_was_answered_survives_a_kill_and_is_stored_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "appends_until_it_is_killed", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let answers = lines
            .by_ref()
            .filter_map(|line| line.strip_prefix("answered ").map(str::to_owned));
        answered.extend(answers.take(1 + round % 7));
        child.kill().unwrap();
        child.wait().unwrap();
        // What the child had said before it died counts too; the last line may be cut short.
        answered.extend(lines.filter_map(|line| {
            line.strip_prefix("answered ")?
                .strip_suffix('.')
                .map(|id| format!("{id}."))
        }));
    }
    let stored = stored(directory.path());
    for batch in &answered {
        for at in 0..3 {
            let id = format!("{batch}{at}");
            assert_eq!(stored.get(&id), Some(&1), "{id}");
        }
    }
    assert!(stored.values().all(|times| *times == 1));
}

/// The child of the test above; alone it has nothing to do.
#[test]
fn appends_until_it_is_killed() {
    let (Ok(directory), Ok(round)) = (std::env::var(DIRECTORY), std::env::var(ROUND)) else {
        return;
    };
    let store = open(Path::new(&directory));
    let bucket = store.bucket("default").unwrap().unwrap().id;
    for batch in 0.. {
        let id = |at: usize| format!("{round}-{batch}.{at}");
        let messages = (0..3).map(|at| {
            Message::new()
                .unique_identifier(id(at))
                .request(Request::new("GET", "/"))
        });
        // Every batch is sent twice, as a sender does that did not see the answer.
        store.append(bucket, messages.clone().collect()).unwrap();
        store.append(bucket, messages.collect()).unwrap();
        println!("answered {round}-{batch}.");
        std::io::stdout().flush().unwrap();
    }
}

fn open(directory: &Path) -> Sqlite {
    let mut settings = Settings::new(directory);
    settings.partition_span = Duration::from_millis(20);
    Sqlite::open(settings).unwrap()
}

/// Every identifier with how often it is stored.
fn stored(directory: &Path) -> HashMap<String, usize> {
    let store = open(directory);
    let bucket = store.bucket("default").unwrap().unwrap().id;
    let deadline = Instant::now() + Duration::from_secs(60);
    let scan = Scan {
        bucket,
        filter: Expr::All,
        now: Timestamp::now(),
        deadline,
    };
    let mut search = Search {
        scan,
        cursor: None,
        limit: 1000,
        count_to: 0,
        bodies: false,
    };
    let mut stored = HashMap::new();
    loop {
        let page = store.search(&search).unwrap();
        for exchange in page.exchanges {
            *stored
                .entry(exchange.message.unique_identifier.unwrap())
                .or_default() += 1;
        }
        match page.next {
            Some(next) => search.cursor = Some(next),
            None => return stored,
        }
    }
}
