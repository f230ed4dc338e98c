//! Files as municipalities and the national body send them, and what may be wrong with them on the way.

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::domain::row::Row;
use sekisho::format::exchange::{FileHead, LineEnd, NoticeWriter, OldNumbers};
use sekisho::format::layout::Layouts;
use sekisho::pipeline::emit::{OwnHead, ResWriter};
use sekisho::seal::hpke::SealingPublicKey;
use sekisho::seal::keys::PartySecrets;
use sekisho::seal::package::{PackageSpec, Recipient, seal_package};

pub(crate) const OWN: &str = "050008";
pub(crate) const NATIONAL: &str = "N0000001";
pub(crate) const AKITA: &str = "052019";
pub(crate) const NOSHIRO: &str = "052027";
/// Registered, but without any key.
pub(crate) const YOKOTE: &str = "052035";
/// Must seal and sign.
pub(crate) const ODATE: &str = "052043";
/// Not active any more.
pub(crate) const OGA: &str = "052060";
/// May not send UPD.
pub(crate) const YUZAWA: &str = "052078";

/// Business date of the first run in which nothing else is said.
pub(crate) const DAY: &str = "2020-09-14";

/// Codes and numbers of rules section 1.
pub(crate) const ANNA: (&str, &str) = ("24727059608", "379474484458");
pub(crate) const BEN: (&str, &str) = ("24846016224", "454972364860");
pub(crate) const CHIE: (&str, &str) = ("25208017643", "507957100721");
pub(crate) const DAI: (&str, &str) = ("10000000030", "100000000080");
pub(crate) const EMI: (&str, &str) = ("10000000090", "100000000030");

pub(crate) fn id(text: &str) -> PartyId {
    PartyId::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> BusinessDate {
    BusinessDate::parse(text).unwrap()
}

/// An entry (reason 16) of a person in the town that notifies, 2020-09-14 09:00.
pub(crate) fn entry(town: &str, person: (&str, &str)) -> Row {
    let mut row = Row::blank(id(town));
    for (number, text) in [
        (1, person.0),
        (2, "佐藤　花子"),
        (3, "000"),
        (4, "さとう　はなこ"),
        (5, "319800203"),
        (6, "2"),
        (7, "秋田県秋田市山王一丁目１番１号"),
        (8, "000"),
        (9, person.1),
        (10, "16"),
        (11, "20200914"),
        (14, town),
        (15, "001001"),
        (16, "OP000001"),
        (17, "T0001"),
        (18, "20200914090000000"),
        (20, "0"),
        (22, "000001"),
        (23, "000"),
        (24, "000"),
        (26, "000"),
        (28, "000"),
    ] {
        assert!(row.set(Item::from_number(number).unwrap(), text));
    }
    row
}

/// A header for the site; training, made on the day at 10:00.
pub(crate) fn head(sender: &str, serial: u32) -> FileHead {
    FileHead {
        sender: id(sender),
        receiver: id(OWN),
        serial,
        created_at: Instant::parse("20200914100000000").unwrap(),
        environment: b'T',
        encoding: Encoding::Cp932,
        reply_to: None,
        line_end: LineEnd::None,
    }
}

/// An UPD file.
pub(crate) fn upd_of(head: &FileHead, rows: &[Row]) -> Vec<u8> {
    let layouts = Layouts::builtin().unwrap();
    let mut writer = NoticeWriter::without_table(layouts.get(FileKind::Upd), head).unwrap();
    for row in rows {
        writer.put(row, OldNumbers::default()).unwrap();
    }
    writer.finish().unwrap()
}

/// An UPD file in which a town enters persons.
pub(crate) fn upd(sender: &str, serial: u32, persons: &[(&str, &str)]) -> Vec<u8> {
    let rows: Vec<Row> = persons.iter().map(|person| entry(sender, *person)).collect();
    upd_of(&head(sender, serial), &rows)
}

/// `UPD-SENDER-050008-SERIAL.dat`.
pub(crate) fn name(sender: &str, serial: u32) -> String {
    format!("UPD-{sender}-{OWN}-{serial:08}.dat")
}

/// The acknowledgement of the notice file with this SHA-256 by the national body: no record, as all were taken.
pub(crate) fn res(serial: u32, notice: [u8; 32]) -> (String, Vec<u8>) {
    let layouts = Layouts::builtin().unwrap();
    let head = OwnHead {
        own: id(NATIONAL),
        receiver: id(OWN),
        serial,
        business_date: day(DAY),
        environment: b'T',
        encoding: Encoding::Ucs2Be,
        reply_to: Some(notice),
    };
    let bytes = ResWriter::new(layouts.get(FileKind::Res), &head)
        .and_then(ResWriter::finish)
        .unwrap();
    (format!("RES-{NATIONAL}-{OWN}-{serial:08}.dat"), bytes)
}

/// The same bytes with others at an offset.
pub(crate) fn changed(bytes: &[u8], offset: usize, with: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[offset..offset + with.len()].copy_from_slice(with);
    changed
}

/// A package from `signer`, who calls himself `sender`, for the keys given. The same seed makes the same bytes.
pub(crate) fn package(
    sender: &str,
    signer: &PartySecrets,
    to: (&str, &SealingPublicKey),
    name: &str,
    plain: &[u8],
    seed: u8,
) -> Vec<u8> {
    let spec = PackageSpec {
        sender: id(sender),
        recipients: vec![Recipient {
            party: id(to.0),
            key: to.1.clone(),
        }],
        kind: "UPD".to_owned(),
        file_name: name.to_owned(),
        purpose: None,
        application: None,
        counts: std::iter::once(("records".to_owned(), 1)).collect(),
        generation: None,
        expires: None,
    };
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    seal_package(&spec, plain, &signer.package_signer, &mut rng)
        .unwrap()
        .bytes
}

/// Fresh secrets of a party, by seed.
pub(crate) fn secrets(owner: &str, seed: u8) -> PartySecrets {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    PartySecrets::generate(id(owner), &format!("sekisho/{owner}/package"), &mut rng).unwrap()
}
