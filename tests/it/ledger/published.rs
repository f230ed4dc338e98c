//! The published crates `signed_note` and `tlog_tiles`, written by others after the same specifications, accept what is
//! on the disk and compute the same roots and proofs from it.

use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{
    Checkpoint, Error, Hash, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record, prove_tree,
    record_hash, tree_hash,
};

use super::*;

/// Reads our tile files for `tlog_tiles`, whose paths differ by the height in them.
struct Files<'a>(&'a dyn Disk);

impl TileReader for Files<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let path = |tile: &Tile| log_path(&tile.path().replacen("tile/8/", "tile/", 1));
        Ok(tiles.iter().map(|tile| read(self.0, &path(tile))).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn accepted(disk: &dyn Disk, ledger: &Ledger<'_>, indices: &[u64]) {
    let origin = format!("{PREFIX}/2020");
    let note = Note::from_bytes(&read(disk, &log_path("checkpoint"))).unwrap();
    let vkey = signer().named(&origin).unwrap().vkey();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    assert_eq!(note.verify(&known).unwrap().0.len(), 1);
    let checkpoint = Checkpoint::from_bytes(note.text()).unwrap();
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    assert_eq!((checkpoint.origin(), checkpoint.extension()), (origin.as_str(), ""));
    assert_eq!((size, root.0), (ledger.tip().size, ledger.tip().root));

    let files = Files(disk);
    let hashes = TileHashReader::new(size, root, &files);
    assert_eq!(tree_hash(size, &hashes).unwrap(), root);
    for &index in indices.iter().filter(|index| **index < size) {
        let theirs = prove_record(size, index, &hashes).unwrap();
        let ours: Vec<Hash> = ledger.inclusion_proof(index).unwrap().into_iter().map(Hash).collect();
        assert_eq!(ours, theirs, "{index} of {size}");
        let entry = record_hash(&leaf(index).public);
        check_record(&ours, size, root, index, entry).unwrap();
        assert_eq!(ledger.entry(index).unwrap(), leaf(index).public);
    }
    for &old in indices.iter().filter(|old| (1..size).contains(*old)) {
        let theirs = prove_tree(size, old, &hashes).unwrap();
        let ours: Vec<Hash> = ledger.consistency_proof(old).unwrap().into_iter().map(Hash).collect();
        assert_eq!(ours, theirs, "{old} to {size}");
        let entries = (0..old).map(|n| leaf(n).public).collect::<Vec<_>>();
        let old_root = sekisho::seal::merkle::root_of(entries.iter().map(Vec::as_slice));
        check_tree(&ours, size, root, old, Hash(old_root)).unwrap();
    }
}

#[test]
fn every_size_around_a_full_tile_is_accepted() {
    let disk = MemoryDisk::new();
    let mut ledger = begin(&disk);
    for size in [1, 2, 3, 7, 254, 255, 256, 257, 300, 511, 512, 600] {
        if size > 1 {
            grow(&mut ledger, size);
        }
        accepted(&disk, &ledger, &[0, 1, 2, 5, 100, 254, 255, 256, 299, 511, 599]);
        intact(&disk);
    }
}

#[test]
fn more_than_65536_leaves_are_accepted() {
    let disk = site(65_530);
    let mut ledger = open(&disk).unwrap();
    grow(&mut ledger, 65_600);
    accepted(&disk, &ledger, &[0, 255, 65_535, 65_536, 65_599]);
    let again = open(&disk).unwrap();
    assert_eq!(again.tip(), ledger.tip());
    assert_eq!(disk.read(&log_path("tile/1/000"), 8192).unwrap().len(), 8192);
    assert_eq!(disk.read(&log_path("tile/2/000.p/1"), 8192).unwrap().len(), 32);
    let report = intact(&disk);
    assert_eq!((report.logs[0].size, report.logs[0].leftovers.len()), (65_600, 0));
}
