//! The delivery thread: its own runtime, its lanes, and what happens when one of them panics.

use super::dead_letter::DeadLetters;
use super::lane::Lane;
use super::report::{Reporter, Time};
use super::spool::Spool;
use super::stats::DropReason;
use super::{Closing, LaneState};
use crate::capture::never_capture_on_this_thread;
use crate::recorder::Core;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout_at;

/// Starts the delivery thread. It has a runtime of its own, so that it works under any runtime of
/// the app or none, outlives it, and can't be blocked by it.
pub(crate) fn start(core: Arc<Core>) -> io::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let thread = std::thread::Builder::new().name("runscope-delivery".into());
    thread.spawn(move || run(&runtime, &core)).map(drop)
}

fn run(runtime: &Runtime, core: &Arc<Core>) {
    never_capture_on_this_thread();
    // However this thread ends, those who wait for it are told, and nothing is left uncounted.
    let _ended = Ended(Arc::clone(core));
    runtime.block_on(async {
        let age = core.config.max_stream_age;
        let streams = Arc::clone(core);
        let streams = tokio::spawn(async move { streams.streams.report(age).await });
        tokio::spawn(keep_telling(Arc::clone(core)));
        let spool = Spool::start(core);
        let dead_letters = DeadLetters::start(core);
        let mut lanes = JoinSet::new();
        for state in core.control.lanes() {
            let (core, state) = (Arc::clone(core), Arc::clone(state));
            let (spool, dead_letters) = (spool.clone(), dead_letters.clone());
            lanes.spawn(supervise(core, state, spool, dead_letters));
        }
        let deadline = core.control.wait_for_closing().await;
        let all = async { while lanes.join_next().await.is_some() {} };
        // At the deadline what is in flight is let go of, with its connection.
        let _ = timeout_at(deadline.into(), all).await;
        streams.abort();
        lanes.shutdown().await;
        if let Some(spool) = spool {
            let _ = timeout_at(deadline.into(), spool.close()).await;
        }
        if let Some(dead_letters) = dead_letters {
            let _ = timeout_at(deadline.into(), dead_letters.close()).await;
        }
    });
}

/// What happens while no batch goes out, such as an exchange that is skipped or for which there is
/// no room, is told this often.
const TELLS: Duration = Duration::from_secs(5);

async fn keep_telling(core: Arc<Core>) {
    for lane in core.control.lanes() {
        let reporter = Reporter::new(&lane.bucket_key);
        let told = catch_unwind(AssertUnwindSafe(|| {
            reporter.started(&lane.output.to_string());
        }));
        if told.is_err() {
            core.stats.panicked();
        }
    }
    loop {
        core.control.tell_app(&core.stats, Time::Running);
        tokio::time::sleep(TELLS).await;
    }
}

struct Ended(Arc<Core>);

impl Drop for Ended {
    fn drop(&mut self) {
        let Core {
            control,
            stats,
            spares,
            ..
        } = &*self.0;
        spares.clear();
        for lane in control.lanes() {
            let _ = lane.queue.drop_in_hand(0, DropReason::Shutdown, stats);
        }
        control.abandon(stats);
        control.stopped(stats);
    }
}

/// Runs a lane, and runs it again when it panics: its batch is lost and counted, the queue is not.
async fn supervise(
    core: Arc<Core>,
    state: Arc<LaneState>,
    spool: Option<Spool>,
    dead_letters: Option<DeadLetters>,
) {
    loop {
        let (of_core, of_state) = (Arc::clone(&core), Arc::clone(&state));
        let lane = Lane::new(of_core, of_state, spool.clone(), dead_letters.clone());
        let mut task = JoinSet::new();
        task.spawn(lane.run());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                core.stats.panicked();
                let lost = state.queue.drop_in_hand(0, DropReason::Panic, &core.stats);
                state.queue.leave_behind();
                // It may be the app's own subscriber that panics.
                let reporter = Reporter::new(&state.bucket_key);
                let _ = catch_unwind(AssertUnwindSafe(|| reporter.panicked(lost)));
                core.control.advanced(&core.stats);
                // A sink that always panics must not keep a core busy.
                if !matches!(core.control.closing(), Closing::By { .. }) {
                    tokio::time::sleep(core.config.initial_retry_delay).await;
                }
            }
            _ => return,
        }
    }
}
