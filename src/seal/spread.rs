//! Spreads pieces of work over threads. The calling thread first does something else, such as writing what was made before,
//! and then takes pieces as the others do, so that all end at once whatever that took.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` for every job on at most `threads` threads, the calling one among them, which does `meanwhile` first. Jobs
/// begin in their order. Gives what `meanwhile` gave when all is done.
///
/// Results go where the jobs say: each carries a place of its own.
pub(super) fn spread<J: Send, R>(
    threads: usize,
    jobs: impl ExactSizeIterator<Item = J> + Send,
    work: impl Fn(J) + Sync,
    meanwhile: impl FnOnce() -> R,
) -> R {
    let others = threads.min(jobs.len()).saturating_sub(1);
    let jobs = Mutex::new(jobs);
    let take = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        while let Some(job) = take() {
            work(job);
        }
    };
    if others == 0 {
        let done = meanwhile();
        run();
        return done;
    }
    thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(run);
        }
        let done = meanwhile();
        run();
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_on_any_number_of_threads() {
        for threads in [0, 1, 2, 3, 9] {
            for count in [0, 1, 2, 100] {
                let mut done = vec![0; count];
                let jobs = done.iter_mut().enumerate();
                let said = spread(threads, jobs, |(index, place)| *place += index + 1, || "said");
                assert_eq!(said, "said");
                assert!(done.iter().enumerate().all(|(index, place)| *place == index + 1));
            }
        }
    }
}
