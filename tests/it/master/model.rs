//! Random changes over generations against plain maps: lookups, scans, versions, as-of reading, roots, differences.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sekisho::domain::entry::{Changes, Entry, Standing, Version};
use sekisho::domain::ids::{JuminCode, MyNumber};
use sekisho::domain::instant::Instant;
use sekisho::domain::item::Item;
use sekisho::domain::notice::{NoticeDigest, NoticeKey};
use sekisho::format::rowcode::{StandingKey, compared_digest};
use sekisho::store::generations::{Depth, Erasure, gen_diff, verify, verify_contents};
use sekisho::store::master::Master;

use super::fixture::{Identities, Store, at, code, entry, facts, moved, number, removed, row, version};

/// What happens to a code in a generation.
#[derive(Debug, Clone, Copy)]
enum Act {
    Write,
    Remove,
    Retire,
    /// Only fields beside the row change.
    Confirm,
}

type Op = (u64, Act, u64);

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Write),
        2 => Just(Act::Remove),
        1 => Just(Act::Retire),
        1 => Just(Act::Confirm),
    ]
}

/// Codes to ask for; some of them are unknown.
fn codes() -> Vec<JuminCode> {
    (0..60).map(code).collect()
}

#[derive(Default, Clone)]
struct Model {
    entries: BTreeMap<JuminCode, Entry>,
    versions: BTreeMap<(JuminCode, u32), Version>,
    numbers: BTreeMap<MyNumber, JuminCode>,
    notices: BTreeMap<NoticeKey, NoticeDigest>,
    identities: BTreeMap<[u8; 32], Vec<u8>>,
    /// What a code was from which item 18 on, in the order of application.
    story: BTreeMap<JuminCode, Vec<(Instant, Standing)>>,
}

impl Model {
    /// Applies the operations and gives them as changes. Times repeat now and then, as item 18 may.
    fn apply(&mut self, generation: u64, ops: &[Op]) -> (Changes, Identities) {
        let (mut changes, mut touched) = (Changes::default(), BTreeSet::new());
        let mut ops = ops.to_vec();
        ops.sort_by_key(|(body, ..)| *body);
        for (body, act, seed) in ops {
            let code = code(body);
            let before = self.entries.get(&code).cloned();
            let retired = before.as_ref().is_some_and(|entry| entry.row().is_none());
            if retired || !touched.insert(code) {
                continue;
            }
            let timestamp = at(generation / 2 * 100);
            let mut row = row(code, seed, timestamp);
            let mut after = match (act, &before) {
                (Act::Confirm, Some(before)) => Entry {
                    moved_out: Some(moved(timestamp)),
                    ..before.clone()
                },
                (Act::Remove, Some(_)) => entry(code, Standing::Removed(removed(row, "23")), timestamp),
                (Act::Retire, Some(_)) => entry(
                    code,
                    Standing::Retired {
                        target: super::fixture::code(body + 500),
                    },
                    timestamp,
                ),
                (Act::Write, _) | (Act::Confirm | Act::Remove | Act::Retire, None) => {
                    row.set(Item::UpdateSeq, &format!("{generation:06}"));
                    entry(code, Standing::Resident(row), timestamp)
                }
            };
            after.former = (seed % 3 == 0).then_some(super::fixture::code(700));
            after.versions = before.as_ref().map_or(0, |entry| entry.versions);
            let confirm_only = matches!((act, &before), (Act::Confirm, Some(_)));
            if let (Some(row), false) = (before.as_ref().and_then(Entry::row), confirm_only) {
                let old = version(after.versions, row.clone(), timestamp);
                let story = self.story.get_mut(&code).unwrap().last_mut().unwrap();
                match &mut story.1 {
                    Standing::Resident(row) | Standing::Removed(row) => *row = old.row.clone(),
                    Standing::Retired { .. } => unreachable!(),
                }
                self.versions.insert((code, old.number), old.clone());
                changes.versions.push(old);
                after.versions += 1;
            }
            if !confirm_only {
                self.story
                    .entry(code)
                    .or_default()
                    .push((timestamp, after.standing.clone()));
            }
            if before.is_none() {
                self.numbers.insert(number(body), code);
                changes.numbers.push((number(body), code));
            }
            let key = NoticeKey {
                code,
                reason: 31,
                timestamp: at(generation),
                update_seq: 1,
            };
            let digest = [u8::try_from(seed % 256).unwrap(); 32];
            self.notices.insert(key, digest);
            changes.notices.push((key, digest));
            self.entries.insert(code, after.clone());
            changes.entries.push(after);
        }
        let digest = [u8::try_from(generation).unwrap(); 32];
        let identities = vec![(digest, vec![7; 10 + usize::try_from(generation).unwrap()])];
        self.identities.extend(identities.iter().cloned());
        (changes, identities)
    }

    fn as_of(&self, code: JuminCode, at: Instant) -> Option<Standing> {
        let story = self.story.get(&code)?;
        let in_force = story.iter().enumerate().filter(|(_, (from, _))| *from <= at);
        in_force
            .max_by_key(|(order, (from, _))| (*from, *order))
            .map(|(_, (_, standing))| standing.clone())
    }

    fn compare(&self, master: &Master) {
        let entries: Vec<Entry> = master.scan_current().map(Result::unwrap).collect();
        assert_eq!(entries, self.entries.values().cloned().collect::<Vec<_>>());
        for (key, entry) in master.scan_keys().map(Result::unwrap).zip(&entries) {
            assert_eq!(
                (key.code, key.former, key.moved_out, key.newest_notice, key.versions),
                (
                    entry.code,
                    entry.former,
                    entry.moved_out,
                    entry.newest_notice,
                    entry.versions
                )
            );
            match (&key.standing, &entry.standing) {
                (StandingKey::Resident(key), Standing::Resident(row))
                | (StandingKey::Removed(key), Standing::Removed(row)) => {
                    assert_eq!(key.compared(), &compared_digest(row));
                    assert_eq!(key.get(Item::BirthDate), Some(row.get(Item::BirthDate)));
                }
                (StandingKey::Retired { target }, Standing::Retired { target: want }) => assert_eq!(target, want),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(master.entries(&codes()).unwrap(), self.entries);
        assert_eq!(
            master.owners(&(0..60).map(number).collect::<Vec<_>>()).unwrap(),
            self.numbers
        );
        let mut keys: Vec<NoticeKey> = self.notices.keys().copied().collect();
        keys.extend(keys.clone().into_iter().map(|key| NoticeKey { reason: 32, ..key }));
        assert_eq!(master.notices(&keys).unwrap(), self.notices);
        for digest in (0..40).map(|byte| [byte; 32]) {
            assert_eq!(master.identity(&digest).unwrap(), self.identities.get(&digest).cloned());
        }
        let versions: Vec<Version> = master.scan_versions().map(Result::unwrap).collect();
        assert_eq!(versions, self.versions.values().cloned().collect::<Vec<_>>());
        for code in codes() {
            let want: Vec<Version> = self
                .versions
                .range((code, 0)..=(code, u32::MAX))
                .map(|(_, v)| v.clone())
                .collect();
            assert_eq!(master.versions(code).unwrap(), want);
        }
        for tick in [0, 99, 100, 150, 300, 400, 5000] {
            let want: BTreeMap<JuminCode, Standing> = codes()
                .into_iter()
                .filter_map(|code| Some((code, self.as_of(code, at(tick))?)))
                .collect();
            assert_eq!(master.as_of_many(&codes(), at(tick)).unwrap(), want, "as of {tick}");
            let scanned: Vec<JuminCode> = master.scan_as_of(at(tick)).map(|key| key.unwrap().code).collect();
            assert_eq!(scanned, want.keys().copied().collect::<Vec<_>>());
            for key in master.scan_as_of(at(tick)).map(Result::unwrap) {
                let rows = master.rows_at(&[(key.code, key.place)]).unwrap();
                match (&key.standing, &want[&key.code]) {
                    (StandingKey::Resident(_), Standing::Resident(row))
                    | (StandingKey::Removed(_), Standing::Removed(row)) => {
                        assert_eq!(rows.get(&key.code), Some(row));
                    }
                    (StandingKey::Retired { target }, Standing::Retired { target: want }) => assert_eq!(target, want),
                    other => panic!("{other:?}"),
                }
            }
        }
        let counts = master.manifest().unwrap().counts;
        let count = |test: fn(&Entry) -> bool| self.entries.values().filter(|entry| test(entry)).count() as u64;
        assert_eq!(
            counts.residents,
            count(|entry| matches!(entry.standing, Standing::Resident(_)))
        );
        assert_eq!(
            counts.removed,
            count(|entry| matches!(entry.standing, Standing::Removed(_)))
        );
        assert_eq!(
            counts.retired,
            count(|entry| matches!(entry.standing, Standing::Retired { .. }))
        );
        assert_eq!(counts.versions, self.versions.len() as u64);
        assert_eq!(counts.numbers, self.numbers.len() as u64);
        assert_eq!(counts.notices, self.notices.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn generations_behave_as_maps(
        generations in prop::collection::vec(
            prop::collection::vec((0_u64..40, act(), 0_u64..1000), 1..25), 1..9,
        )
    ) {
        let (mut store, mut model) = (Store::new(), Model::default());
        let mut past: Vec<(u64, Model)> = Vec::new();
        for (generation, ops) in (1..).zip(&generations) {
            let (changes, identities) = model.apply(generation, ops);
            let manifest = store.commit(&changes, &identities, true);
            prop_assert_eq!(manifest.generation, generation);
            past.push((generation, model.clone()));
        }
        let master = store.open();
        model.compare(&master);
        verify_contents(&master, &store.keys).unwrap();
        for (generation, model) in &past {
            let then = Master::at_generation(&store.disk, &store.paths, &store.keys, *generation).unwrap();
            model.compare(&then);
            let mut changed = BTreeMap::new();
            gen_diff(&then, &master, &mut |diff| {
                note(&mut changed, diff);
            }).unwrap();
            let want: BTreeSet<JuminCode> = codes()
                .into_iter()
                .filter(|code| model.entries.get(code) != past.last().unwrap().1.entries.get(code))
                .collect();
            prop_assert_eq!(changed.into_keys().collect::<BTreeSet<_>>(), want);
        }

        // The same content in one generation of another store has the same roots.
        let mut other = Store::new();
        let whole = Changes {
            entries: model.entries.values().cloned().collect(),
            versions: model.versions.values().cloned().collect(),
            numbers: model.numbers.clone().into_iter().collect(),
            notices: model.notices.clone().into_iter().collect(),
        };
        let at_once = other.commit(&whole, &[], true);
        let last = master.manifest().unwrap().clone();
        prop_assert_eq!(at_once.roots, last.roots);
        prop_assert_eq!(at_once.counts, last.counts);

        // Compaction keeps content, roots and generation.
        let compacted = store.stage(&master, |staging, parent, rng| {
            staging.compact(parent, &Erasure::default(), facts(false), rng)
        }).unwrap();
        prop_assert_eq!((compacted.roots, compacted.counts, compacted.generation), (last.roots, last.counts, last.generation));
        prop_assert_eq!(compacted.commit, last.commit + 1);
        store.publish(&compacted);
        let master = store.open();
        prop_assert!(master.stats().tables.iter().all(|table| table.runs <= 1));
        model.compare(&master);
        let found = verify(&store.disk, &store.paths, &store.keys, Depth::Full);
        prop_assert!(found.faults.is_empty(), "{:?}", found.faults);
        prop_assert!(found.unreferenced.is_empty());
        prop_assert_eq!(found.manifests, compacted.commit);
    }
}

/// Differences come once per code, in order.
fn note(seen: &mut BTreeMap<JuminCode, Vec<Item>>, diff: sekisho::store::generations::CodeDiff) {
    assert!(seen.last_key_value().is_none_or(|(last, _)| *last < diff.code));
    seen.insert(diff.code, diff.items);
}
