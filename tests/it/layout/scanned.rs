//! A file in pieces gives what the whole bytes give: the same header, frame and sums, or the same fault in the same place.

use proptest::prelude::*;
use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::exchange::{
    Envelope, FileFault, FileScan, HashRule, LineEnd, ParsedFile, RecordChunk, RecordChunks, SampleHead, Scan,
    is_complete, sample,
};
use sekisho::format::layout::{Layouts, RecordType};
use sekisho::seal::digest::sha256;

const RULES: [HashRule; 2] = [HashRule::Required, HashRule::Optional];

fn file(layouts: &Layouts, kind: FileKind, encoding: Encoding, line_end: LineEnd) -> Vec<u8> {
    let head = SampleHead {
        party: PartyId::parse("052019").unwrap(),
        own: PartyId::parse("050008").unwrap(),
        serial: 1,
        day: BusinessDate::parse("2030-07-01").unwrap(),
        encoding,
        line_end,
    };
    sample(layouts.get(kind), &head).unwrap()
}

fn in_pieces(bytes: &[u8], layouts: &Layouts, cuts: &[usize]) -> Scan {
    let mut scan = FileScan::new(layouts);
    let mut from = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        let to = cut.clamp(from, bytes.len());
        scan.update(&bytes[from..to]);
        from = to;
    }
    scan.finish()
}

/// The answers of the functions that have the whole bytes at hand.
type Whole = (
    Result<Envelope, FileFault>,
    Result<(), FileFault>,
    [Result<ParsedFile, FileFault>; 2],
);

fn whole(bytes: &[u8], layouts: &Layouts) -> Whole {
    match Envelope::read(bytes, layouts) {
        Err(fault) => (Err(fault), Err(fault), RULES.map(|_| Err(fault))),
        Ok((envelope, layout)) => (
            Ok(envelope),
            is_complete(bytes, layout.record_bytes()),
            RULES.map(|rule| ParsedFile::parse_complete(bytes, layout, &envelope, rule)),
        ),
    }
}

fn found(scan: &Scan, layouts: &Layouts) -> Whole {
    (
        scan.envelope(),
        scan.complete(),
        RULES.map(|rule| scan.content(layouts, rule)),
    )
}

fn same(bytes: &[u8], layouts: &Layouts, cuts: &[usize]) {
    let scan = in_pieces(bytes, layouts, cuts);
    assert_eq!(
        found(&scan, layouts),
        whole(bytes, layouts),
        "{} bytes at {cuts:?}",
        bytes.len()
    );
    assert_eq!(scan.sha256(), sha256(bytes));
    assert_eq!(scan.len_bytes(), bytes.len() as u64);
    for rule in RULES {
        assert_eq!(scan.parse(layouts, rule), ParsedFile::parse(bytes, layouts, rule));
    }
}

const LINE_ENDS: [LineEnd; 3] = [LineEnd::None, LineEnd::CrLf, LineEnd::Lf];
const TAILS: [&[u8]; 6] = [b"", b"\x1A", b"\x1A\n", b"\x1A\r\n", b"\r", b"\x1A\x1A"];

#[test]
fn every_kind_with_every_line_end_and_tail_in_two_pieces_and_byte_by_byte() {
    let layouts = Layouts::builtin().unwrap();
    for kind in FileKind::ALL {
        for line_end in LINE_ENDS {
            let plain = file(&layouts, kind, Encoding::Cp932, line_end);
            assert!(ParsedFile::parse(&plain, &layouts, HashRule::Required).is_ok());
            for tail in TAILS {
                let bytes = [&plain, tail].concat();
                let record = layouts.get(kind).record_bytes() as usize;
                // Around the ends of records, where something is decided.
                for near in (0..bytes.len()).step_by(record).chain([4, bytes.len()]) {
                    for cut in near.saturating_sub(4)..=near + 12 {
                        same(&bytes, &layouts, &[cut]);
                    }
                }
                let singly: Vec<usize> = (0..bytes.len()).collect();
                same(&bytes, &layouts, &singly);
            }
        }
    }
}

#[test]
fn every_prefix_is_what_it_is_in_one_piece() {
    let layouts = Layouts::builtin().unwrap();
    for (kind, line_end) in [(FileKind::Res, LineEnd::CrLf), (FileKind::Upd, LineEnd::Lf)] {
        let bytes = [file(&layouts, kind, Encoding::Ucs2Be, line_end), b"\x1A\r\n".to_vec()].concat();
        for len in 0..=bytes.len() {
            same(&bytes[..len], &layouts, &[len / 2, len.saturating_sub(2)]);
        }
    }
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![Just(Encoding::Cp932), Just(Encoding::Ucs2Be)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_have_the_same_fault_in_the_same_place(
        kind in proptest::sample::select(FileKind::ALL.to_vec()),
        encoding in encoding(),
        line_end in proptest::sample::select(LINE_ENDS.to_vec()),
        tail in proptest::sample::select(TAILS.to_vec()),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 0_u8..6, any::<u8>()), 0..4),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
    ) {
        let layouts = Layouts::builtin().unwrap();
        let mut bytes = [&file(&layouts, kind, encoding, line_end), tail].concat();
        let unit = layouts.get(kind).record_bytes() as usize + line_end.bytes().len();
        for (index, what, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                3 => bytes.truncate(at),
                // At the ends of records.
                4 => {
                    let at = at / unit * unit;
                    bytes[at] = *b"1289\n\r".get(usize::from(byte % 6)).unwrap();
                }
                _ => {
                    let at = at / unit * unit;
                    let record = bytes[at..(at + unit).min(bytes.len())].to_vec();
                    bytes.splice(at..at, record);
                }
            }
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        same(&bytes, &layouts, &cuts);
    }

    #[test]
    fn chunks_hold_the_records_of_the_frame(
        line_end in proptest::sample::select(LINE_ENDS.to_vec()),
        count in 0_usize..9,
        chunk in 1_usize..9000,
    ) {
        let layouts = Layouts::builtin().unwrap();
        let layout = layouts.get(FileKind::Upd);
        let one = file(&layouts, FileKind::Upd, Encoding::Cp932, line_end);
        let unit = layout.record_bytes() as usize + line_end.bytes().len();
        let data = &one[unit..2 * unit];
        let mut bytes = one[..unit].to_vec();
        for no in 0..count {
            let mut record = data.to_vec();
            record[1] = b'0' + u8::try_from(no).unwrap();
            bytes.extend(record);
        }
        let trailer = one.len() - 2 * unit;
        bytes.extend(&one[trailer..]);
        prop_assert_eq!(one[trailer], RecordType::Trailer.byte());
        let frame = sekisho::format::exchange::Frame::detect(&bytes, layout.record_bytes()).unwrap();
        let mut chunks = RecordChunks::new(&bytes[..], frame, chunk);
        let (mut got, mut last) = (Vec::new(), RecordChunk::default());
        while let Some(next) = chunks.next(last).unwrap() {
            prop_assert!(!next.is_empty() && (next.len() == 1 || next.len() * unit <= chunk));
            let half = next.len() / 2;
            let records: Vec<_> = next.part(0, half).chain(next.part(half, next.len())).collect();
            prop_assert_eq!(&records, &next.records().collect::<Vec<_>>());
            got.extend(records.into_iter().map(|(no, at, record)| (no, at, record.to_vec())));
            last = next;
        }
        let want: Vec<_> = frame.data(&bytes).map(|(no, at, record)| (no, at, record.to_vec())).collect();
        prop_assert_eq!(got, want);
        // A file that became shorter is an error, no end.
        if count > 0 {
            let mut chunks = RecordChunks::new(&bytes[..unit * count], frame, usize::MAX);
            prop_assert!(chunks.next(RecordChunk::default()).is_err());
        }
    }
}
