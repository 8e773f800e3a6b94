//! The program itself, as a child process.

// Each test file uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running program; it is killed when this is dropped.
pub struct Program {
    pub child: Child,
    pub address: String,
    pub token: String,
}

/// The program on a port of its own.
pub fn inspector(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runscope-inspector"));
    command.arg("--data").arg(directory);
    command.env("RUNSCOPE_INSPECTOR_LISTEN", "127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    /// Starts it, and reads its address and token from the link that it prints. A token that was
    /// given is not printed, and empty here.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let link = line.trim().strip_prefix("Open http://").unwrap();
        let (address, rest) = link.split_once('/').unwrap();
        let token = rest.strip_prefix("open?token=").unwrap_or_default();
        Self {
            address: address.to_owned(),
            token: token.to_owned(),
            child,
        }
    }

    /// Sends it a signal by its name.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// The most memory that it has had, in KiB.
    #[cfg(target_os = "linux")]
    pub fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Kills it and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
