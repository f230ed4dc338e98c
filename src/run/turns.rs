//! Work on several threads with the result of one: what is made of the items is taken in the order of the items.

use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::domain::fault::Fault;
use crate::run::trouble;

/// Gets items, works on them and takes what came of them at the same time: one thread for `next`, `threads` of them for
/// `work`, the caller's for `take`. Each is at most one item ahead of the one behind it, so that `threads` and two more
/// items are in memory. On one thread it is all done in the caller's, item by item.
///
/// # Errors
/// The first by the order of the items.
pub(in crate::run) fn in_turn<T: Send, U: Send>(
    threads: usize,
    mut next: impl FnMut() -> Result<Option<T>, Fault> + Send,
    work: impl Fn(T) -> Result<U, Fault> + Sync,
    mut take: impl FnMut(U) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if threads <= 1 {
        while let Some(item) = next()? {
            take(work(item)?)?;
        }
        return Ok(());
    }
    let work = &work;
    thread::scope(|scope| {
        let (mut to_work, mut worked, mut running) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..threads {
            let (to, from) = sync_channel::<Result<T, Fault>>(0);
            let (give, given) = sync_channel(0);
            to_work.push(to);
            worked.push(given);
            running.push(scope.spawn(move || {
                for item in from {
                    // Who takes no more has failed, and says why.
                    if give.send(item.and_then(work)).is_err() {
                        break;
                    }
                }
            }));
        }
        running.push(scope.spawn(move || {
            for to in to_work.iter().cycle() {
                let Some(item) = next().transpose() else { break };
                let is_last = item.is_err();
                if to.send(item).is_err() || is_last {
                    break;
                }
            }
        }));
        let mut taken = Ok(());
        for from in worked.iter().cycle() {
            let Ok(item) = from.recv() else { break };
            taken = item.and_then(&mut take);
            if taken.is_err() {
                break;
            }
        }
        drop(worked);
        for thread in running {
            thread.join().map_err(|_| ended())?;
        }
        taken
    })
}

/// Works on all items, at most `threads` of them at a time, and gives what came of them in their order.
///
/// # Errors
/// Where a thread ended by itself.
pub(in crate::run) fn at_once<T: Send, U: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) -> U + Sync,
) -> Result<Vec<U>, Fault> {
    let threads = threads.min(items.len());
    if threads <= 1 {
        return Ok(items.into_iter().map(work).collect());
    }
    let count = items.len();
    let (items, work) = (std::sync::Mutex::new(items.into_iter().enumerate()), &work);
    let next = || items.lock().ok().and_then(|mut items| items.next());
    let mut done: Vec<(usize, U)> = Vec::with_capacity(count);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    while let Some((index, item)) = next() {
                        done.push((index, work(item)));
                    }
                    done
                })
            })
            .collect();
        for thread in running {
            done.extend(thread.join().map_err(|_| ended())?);
        }
        Ok(())
    })?;
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

/// Threads for files that are looked at or removed side by side.
pub(in crate::run) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(8)
}

fn ended() -> Fault {
    trouble::bug("a worker thread ended")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultId;

    fn counted(most: u32) -> impl FnMut() -> Result<Option<u32>, Fault> + Send {
        let mut at = 0;
        move || {
            at += 1;
            Ok((at <= most).then_some(at))
        }
    }

    #[test]
    fn items_are_taken_in_their_order_whatever_the_number_of_threads() {
        for threads in [0, 1, 2, 3, 7] {
            for most in [0, 1, 2, 5, 100] {
                let mut taken = Vec::new();
                in_turn(
                    threads,
                    counted(most),
                    |item| Ok(item * 2),
                    |item| {
                        taken.push(item);
                        Ok(())
                    },
                )
                .unwrap();
                let want: Vec<u32> = (1..=most).map(|item| item * 2).collect();
                assert_eq!(taken, want, "{threads} threads");
                assert_eq!(at_once(threads, (1..=most).collect(), |item| item * 2).unwrap(), want);
            }
        }
    }

    #[test]
    fn the_first_failure_by_order_ends_it() {
        for threads in [1, 2, 5] {
            let wrong = |item: u32| Fault::new(FaultId::SumsWrong).with("item", item);
            let mut taken = 0;
            let got = in_turn(
                threads,
                counted(50),
                |item| if item >= 20 { Err(wrong(item)) } else { Ok(item) },
                |_| {
                    taken += 1;
                    Ok(())
                },
            );
            assert_eq!(got, Err(wrong(20)));
            assert_eq!(taken, 19);
            let got = in_turn(
                threads,
                counted(50),
                Ok,
                |item| if item == 7 { Err(wrong(7)) } else { Ok(()) },
            );
            assert_eq!(got, Err(wrong(7)));
            let mut counted = counted(9);
            let next = || counted().and_then(|item| item.ok_or_else(|| wrong(10)).map(Some));
            assert_eq!(in_turn(threads, next, Ok, |_| Ok(())), Err(wrong(10)));
        }
    }

    #[test]
    fn a_thread_that_ends_by_itself_is_no_end_of_the_items() {
        let got = in_turn(
            2,
            counted(9),
            |item| if item == 3 { panic!("test") } else { Ok(item) },
            |_| Ok(()),
        );
        assert!(got.is_err());
        let got = at_once(2, vec![1, 2, 3], |item| assert_ne!(item, 3, "test"));
        assert!(got.is_err());
    }
}
