//! A process of this program, with a part of the work.

use std::io::Read as _;
use std::process::{Command, ExitStatus, Stdio};

/// It is killed when it is dropped.
pub struct Child(std::process::Child);

impl Child {
    pub fn start(words: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let child = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("a process"))
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child")
    }

    /// Ends its standard input, and reads what it printed.
    pub fn finish(mut self) -> String {
        drop(self.0.stdin.take());
        let mut printed = String::new();
        let mut out = self.0.stdout.take().expect("its output");
        out.read_to_string(&mut printed).expect("text");
        printed
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
