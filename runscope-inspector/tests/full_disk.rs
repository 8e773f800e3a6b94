//! A disk that takes no more: 507, reading goes on, and writing when there is room again.
//!
//! The disk is the limit on the size of a process's files, which its system refuses to pass; or a small
//! one in memory, where users may mount one for themselves.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use program::{Program, inspector};
use reqwest::Client;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// The program, not ended by the signal that comes with the refusal.
fn program(directory: &std::path::Path) -> Program {
    let inner = inspector(directory);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env("RUNSCOPE_INSPECTOR_LISTEN", "127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    Program::start(command)
}

fn limit_files(program: &Program, bytes: Option<u64>) {
    let id = Pid::from_raw(program.child.id().try_into().unwrap());
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(id, Resource::Fsize, limit).unwrap();
}

async fn post(client: &Client, program: &Program, id: usize) -> (u16, Value) {
    // Text that does not compress well, so that it fills the disk.
    let body: String = (0..20_000_u64)
        .map(|at| {
            let mixed = (at + id as u64 * 20_000).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("{:x}", mixed ^ (mixed >> 29))
        })
        .collect();
    let message =
        json!({ "unique_identifier": id.to_string(), "response": { "status": 200, "body": body } });
    let url = program.url("/buckets/default/messages");
    let request = client.post(url).bearer_auth(&program.token).json(&message);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn stored(client: &Client, program: &Program) -> usize {
    let url = program.url("/api/v1/buckets/default/search?limit=1000&bodies=true&deadline=30");
    let answer = client
        .get(url)
        .bearer_auth(&program.token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    answer["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_full_disk_is_told_and_reading_goes_on_until_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let full = program(directory.path());
    let client = Client::builder().no_proxy().build().unwrap();
    assert_eq!(post(&client, &full, 0).await.0, 200);
    limit_files(&full, Some(2 << 20));
    let mut accepted = 1;
    let refusal = loop {
        let (status, answer) = post(&client, &full, accepted).await;
        if status != 200 {
            assert_eq!(status, 507, "{answer}");
            break answer;
        }
        accepted += 1;
        assert!(accepted < 1000, "the disk does not get full");
    };
    assert_eq!(refusal["meta"]["status"], "error");
    assert!(
        refusal["error"]["message"]
            .as_str()
            .unwrap()
            .contains("the disk is full"),
        "{refusal}"
    );
    assert_eq!(post(&client, &full, accepted).await.0, 507);
    assert_eq!(stored(&client, &full).await, accepted);

    limit_files(&full, None);
    for _ in 0..3 {
        assert_eq!(post(&client, &full, accepted).await.0, 200);
        accepted += 1;
    }
    assert_eq!(stored(&client, &full).await, accepted);
    drop(full);
    assert_eq!(stored(&client, &program(directory.path())).await, accepted);
}

/// The program with a file system of its own, of 6 MiB, below its data directory; `None` where users may
/// not mount.
fn on_a_small_disk(directory: &std::path::Path) -> Option<Program> {
    let unshare = ["--map-root-user", "--mount"];
    let mount = "mount -t tmpfs -o size=6m runscope \"$1\"";
    let may = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-c", mount, "sh"])
        .arg(directory)
        .stderr(Stdio::null())
        .status();
    if !may.is_ok_and(|status| status.success()) {
        return None;
    }
    let inner = inspector(&directory.join("data"));
    let mut command = Command::new("unshare");
    let script = format!("{mount} && shift && exec \"$@\"");
    command.args(unshare).args(["sh", "-c", &script, "sh"]);
    command.arg(directory).arg(inner.get_program());
    command.args(inner.get_args());
    command.env("RUNSCOPE_INSPECTOR_LISTEN", "127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    Some(Program::start(command))
}

#[tokio::test]
async fn a_bucket_can_be_cleared_on_a_full_disk_and_that_makes_room() {
    let directory = tempfile::tempdir().unwrap();
    let Some(full) = on_a_small_disk(directory.path()) else {
        eprintln!("not run: users may not mount file systems here");
        return;
    };
    let client = Client::builder().no_proxy().build().unwrap();
    let mut id = 0;
    while post(&client, &full, id).await.0 == 200 {
        id += 1;
        assert!(id < 1000, "the disk does not get full");
    }
    let url = full.url("/buckets/default/messages");
    let clear = client.delete(url).bearer_auth(&full.token);
    assert_eq!(clear.send().await.unwrap().status(), 204);
    assert_eq!(stored(&client, &full).await, 0);
    while post(&client, &full, id).await.0 != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stored(&client, &full).await, 1);
}
