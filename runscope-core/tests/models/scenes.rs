//! What is tried in every order of its steps, on the sources that stand beside this file.

use super::control::LaneState;
use super::ledger::Ledger;
use super::progress::{Progress, Target};
use super::queue::Queue;
use super::stats::Counters;
use crate::capture::Shared;
use crate::config::Config;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::Notify;
use loom::thread;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// A queue with room for `room` entries, `batch` of which are a batch.
fn queue(room: usize, batch: usize) -> Queue {
    Queue::new(&Config {
        max_entries: room,
        max_bytes: 1000,
        max_batch_size: batch,
        max_batch_bytes: 1000,
    })
}

struct Alarm(Notify);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Runs a future to its end. The checker's own leaves it no way to tell of a deadlock in good order.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let alarm = Arc::new(Alarm(Notify::new()));
    let waker = Waker::from(Arc::clone(&alarm));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        alarm.0.wait();
    }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

fn two_pushes(queue: &Arc<Queue>, counters: &Arc<Counters>) -> [thread::JoinHandle<()>; 2] {
    [(); 2].map(|()| {
        let (queue, counters) = (Arc::clone(queue), Arc::clone(counters));
        thread::spawn(move || queue.push(Arc::new(Shared), 1, &counters))
    })
}

/// Pushes from two threads, and a lane that sleeps whenever it finds nothing. A wake-up that gets
/// lost leaves it asleep with an entry in the queue.
pub fn wake_up() {
    let queue = Arc::new(queue(4, 100));
    let counters = Arc::new(Counters::default());
    let pushes = two_pushes(&queue, &counters);
    let mut taken = 0;
    while taken < 2 {
        match queue.pop() {
            Some(_) => {
                queue.settle(1);
                taken += 1;
            }
            None => block_on(queue.wait_for_entry()),
        }
    }
    pushes.into_iter().for_each(|push| push.join().unwrap());
    assert_eq!((queue.left_of(2), counters.sums()), (0, (2, 0)));
}

/// The same while the lane waits for a batch of two, whose time never comes.
pub fn full_batch() {
    let queue = Arc::new(queue(4, 2));
    let counters = Arc::new(Counters::default());
    let pushes = two_pushes(&queue, &counters);
    while !queue.is_full_batch() {
        block_on(queue.wait_for_batch(far().into()));
    }
    pushes.into_iter().for_each(|push| push.join().unwrap());
    assert!(queue.pop().is_some() && queue.pop().is_some());
}

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn since_last(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What waking costs is paid by requests. After a batch the lane waits for the next one, whose last entry
/// is its one wake; only the first batch after a pause has two, as something has to start its time.
pub fn wakes() {
    const BATCH: usize = 4;
    let (queue, counters) = (queue(100, BATCH), Counters::default());
    let push = |count| (0..count).for_each(|_| queue.push(Arc::new(Shared), 1, &counters));
    let pop = |count| (0..count).for_each(|_| assert!(queue.pop().is_some()));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);

    let mut idle = Box::pin(queue.wait_for_entry());
    assert!(idle.as_mut().poll(&mut context).is_pending());
    push(BATCH - 1);
    assert_eq!(wakes.since_last(), 1, "by the first entry");
    assert!(idle.as_mut().poll(&mut context).is_ready());

    for _ in 0..3 {
        let mut coalescing = Box::pin(queue.wait_for_batch(far().into()));
        assert!(coalescing.as_mut().poll(&mut context).is_pending());
        push(1);
        assert_eq!(wakes.since_last(), 1, "by the last entry of a batch");
        push(1);
        assert!(coalescing.as_mut().poll(&mut context).is_ready());
        pop(BATCH);
        push(BATCH - 2);
        assert_eq!(wakes.since_last(), 0, "while it gets going, and while it is busy");
    }
}

/// A lane that sleeps is woken by the end.
pub fn close() {
    let queue = Arc::new(queue(4, 100));
    let of_closer = Arc::clone(&queue);
    let closer = thread::spawn(move || of_closer.close());
    while !queue.is_closed() {
        block_on(queue.wait_for_entry());
    }
    closer.join().unwrap();
}

/// A push while the queue is given up: whichever of the two comes last counts the entry.
pub fn abandoned() {
    let queue = Arc::new(queue(1, 100));
    let counters = Arc::new(Counters::default());
    let pushes = two_pushes(&queue, &counters);
    queue.abandon(&counters);
    pushes.into_iter().for_each(|push| push.join().unwrap());
    assert_eq!(counters.sums(), (2, 2), "nothing vanishes uncounted");
    assert!(queue.is_empty());
    assert_eq!(queue.left_of(queue.pushed()), 0);
}

/// A reader never takes an entry for settled that is not.
pub fn ledger() {
    let ledger = Arc::new(Ledger::default());
    let settled = Arc::new(AtomicBool::new(false));
    ledger.push();
    let (of_lane, settling) = (Arc::clone(&ledger), Arc::clone(&settled));
    let lane = thread::spawn(move || {
        of_lane.take();
        settling.store(true, Ordering::Release);
        of_lane.settle(1);
        of_lane.leave_behind();
    });
    if ledger.left_of(1) == 0 {
        assert!(settled.load(Ordering::Acquire), "it is on its way still");
    }
    lane.join().unwrap();
    assert_eq!(ledger.left_of(1), 0);
}

/// A flush ends when all before it is settled, and is told of it however late it begins to wait.
pub fn flush() {
    let lanes = Arc::new([Arc::new(LaneState {
        queue: queue(4, 100),
    })]);
    let progress = Arc::new(Progress::default());
    let counters = Counters::default();
    lanes[0].queue.push(Arc::new(Shared), 1, &counters);
    let (of_lane, telling) = (Arc::clone(&lanes), Arc::clone(&progress));
    let lane = thread::spawn(move || {
        let queue = &of_lane[0].queue;
        assert!(queue.pop().is_some());
        queue.settle(1);
        queue.leave_behind();
        telling.advanced();
    });
    let target = Target::now(&lanes[..]);
    progress.wait_until(far(), || target.left(&lanes[..]) == 0);
    assert_eq!(target.left(&lanes[..]), 0);
    lane.join().unwrap();
}

/// Who waits for the end of the delivery hears of it.
pub fn stop() {
    let progress = Arc::new(Progress::default());
    let of_worker = Arc::clone(&progress);
    let worker = thread::spawn(move || of_worker.stopped());
    progress.wait_until(far(), || false);
    assert!(progress.has_stopped());
    worker.join().unwrap();
}
