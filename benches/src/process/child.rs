use crate::apps::{Framework, Variant};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A running server; dropped, it ends.
pub struct Child {
    pub address: SocketAddr,
    process: process::Child,
    ask: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

/// What a server took since it began.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub processor: Duration,
    pub peak_kib: u64,
    /// Exchanges that did not fit into the queue.
    pub dropped: u64,
}

impl Child {
    pub fn start(framework: Framework, variant: Variant, api: SocketAddr) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args(["serve", framework.name(), variant.name(), &api.to_string()]);
        Self::of(command)
    }

    /// Of a command that serves.
    pub fn of(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let ask = process.stdin.take();
        let told = BufReader::new(process.stdout.take().expect("its output"));
        let mut child = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            process,
            ask,
            told,
        };
        child.address = child.line().parse().expect("an address");
        child
    }

    /// What it took, once all is delivered that it captured.
    pub fn settled(&mut self) -> Usage {
        self.ask("settle")
    }

    /// What it took so far, however much is waiting.
    pub fn now(&mut self) -> Usage {
        self.ask("now")
    }

    /// Has it call what valgrind looks out for.
    pub fn mark(&mut self) {
        self.say("mark");
        self.line();
    }

    fn ask(&mut self, what: &str) -> Usage {
        self.say(what);
        let line = self.line();
        let mut numbers = line.split(' ').map(|it| it.parse().expect("a number"));
        let mut next = || numbers.next().expect("three numbers");
        Usage {
            processor: Duration::from_nanos(next()),
            peak_kib: next(),
            dropped: next(),
        }
    }

    fn say(&mut self, what: &str) {
        let ask = self.ask.as_mut().expect("its input");
        writeln!(ask, "{what}").expect("a server");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).expect("a server that lives");
        line.trim().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.ask = None;
        let _ = self.process.wait();
    }
}
