//! Threads for slow work behind a bounded queue: recognition, synthesis, meaning, files. Frame tasks never wait for
//! them; a full queue is an answer, not a wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The queue is at its bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the {0} queue is full")]
pub struct Full(pub &'static str);

struct Queue<J> {
    jobs: VecDeque<J>,
    closed: bool,
}

/// How many jobs a pool has, waiting and under way: what can wait itself asks this before it takes the machine's time.
#[derive(Clone, Debug, Default)]
pub struct Load(Arc<AtomicUsize>);

impl Load {
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

struct Shared<J> {
    name: &'static str,
    bound: usize,
    load: Load,
    queue: Mutex<Queue<J>>,
    wake: Condvar,
}

impl<J> Shared<J> {
    // A worker that panicked holds no half-made queue: pushing and popping cannot panic midway.
    fn lock(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, jobs: usize) {
        self.load.0.fetch_sub(jobs, Ordering::Relaxed);
    }

    /// Takes back a job that is not finished, behind all others.
    fn put_back(&self, rest: J) {
        self.lock().jobs.push_back(rest);
        self.wake.notify_one();
    }

    fn next(&self) -> Option<J> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Worker threads that own their state and end, after the jobs already queued, when the pool is dropped.
pub struct Pool<J: Send + 'static> {
    shared: Arc<Shared<J>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static> Pool<J> {
    /// One thread for each of `workers`; each is called with one job after another.
    pub fn start<W>(name: &'static str, bound: usize, workers: Vec<W>) -> std::io::Result<Self>
    where
        W: FnMut(J) + Send + 'static,
    {
        let whole = |mut worker: W| {
            move |job| {
                worker(job);
                None
            }
        };
        Pool::start_in_turns(name, bound, workers.into_iter().map(whole).collect())
    }

    /// As [`Pool::start`], of jobs that are done bit by bit: a worker gives back what is left of its job, and others have
    /// their turn before it goes on.
    pub fn start_in_turns<W>(
        name: &'static str,
        bound: usize,
        workers: Vec<W>,
    ) -> std::io::Result<Self>
    where
        W: FnMut(J) -> Option<J> + Send + 'static,
    {
        let shared = Arc::new(Shared {
            name,
            bound,
            load: Load::default(),
            queue: Mutex::new(Queue { jobs: VecDeque::new(), closed: false }),
            wake: Condvar::new(),
        });
        let mut threads = Vec::with_capacity(workers.len());
        for mut worker in workers {
            let shared = shared.clone();
            let body = move || {
                while let Some(job) = shared.next() {
                    match worker(job) {
                        Some(rest) => shared.put_back(rest),
                        None => shared.done(1),
                    }
                }
            };
            threads.push(std::thread::Builder::new().name(name.into()).spawn(body)?);
        }
        Ok(Pool { shared, threads })
    }

    pub fn push(&self, job: J) -> Result<(), Full> {
        self.push_before(job, |_| false)
    }

    /// Puts the job before the first of those that can wait.
    pub fn push_before(&self, job: J, can_wait: impl Fn(&J) -> bool) -> Result<(), Full> {
        let mut queue = self.shared.lock();
        if queue.jobs.len() >= self.shared.bound {
            return Err(Full(self.shared.name));
        }
        let at = queue.jobs.iter().position(can_wait).unwrap_or(queue.jobs.len());
        queue.jobs.insert(at, job);
        self.shared.load.0.fetch_add(1, Ordering::Relaxed);
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Moves the job that `hurried` names before the first of those that can wait.
    pub fn promote(&self, hurried: impl Fn(&J) -> bool, can_wait: impl Fn(&J) -> bool) {
        let mut queue = self.shared.lock();
        let Some(from) = queue.jobs.iter().position(hurried) else { return };
        let to = queue.jobs.iter().position(can_wait).unwrap_or(from);
        if to < from
            && let Some(job) = queue.jobs.remove(from)
        {
            queue.jobs.insert(to, job);
        }
    }

    /// Takes jobs out of the queue that nobody wants any more.
    pub fn purge(&self, unwanted: impl Fn(&J) -> bool) {
        let mut queue = self.shared.lock();
        let before = queue.jobs.len();
        queue.jobs.retain(|job| !unwanted(job));
        self.shared.done(before - queue.jobs.len());
    }

    pub fn workers(&self) -> usize {
        self.threads.len()
    }

    /// Jobs waiting, those under way not counted.
    pub fn waiting(&self) -> usize {
        self.shared.lock().jobs.len()
    }

    pub fn load(&self) -> Load {
        self.shared.load.clone()
    }
}

impl<J: Send + 'static> Drop for Pool<J> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A worker's panic has been printed; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}
