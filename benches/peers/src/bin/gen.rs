//! `gen N FOLDER [SEED [alone]]`: the data of a measurement; `alone` makes only what sekisho reads, and for
//! the night as many notices as a register of a tenth has.
//!
//! ```text
//! FOLDER/parties.csv                 municipalities and the national body, without keys
//! FOLDER/master.utf8                 the register of the peers, sorted by code
//! FOLDER/load/UPD-*.dat              the same residents as files of sekisho, one for each municipality
//! FOLDER/nightly/, FOLDER/mass/      N/1000 and N/10 notices:
//!     updates.cp932, updates.utf8    for the peers; the second for those that cannot decode CP932
//!     UPD-*.dat                      for sekisho, one file for each municipality, in the same order
//! FOLDER/town/, FOLDER/towns/        extracts of one municipality and of all:
//!     extract.cp932, EXT-*.dat       for the peers and for sekisho
//! FOLDER/few.cp932, FOLDER/many.cp932    100 and N/10 conditions of an inquiry, for the peers
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::Instant;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::exchange::{FileHead, LineEnd, NoticeWriter, OldNumbers};
use sekisho::format::layout::Layout;
use sekisho::text::gaiji::GaijiTable;
use sekisho_peers::flat::{close, create};
use sekisho_peers::made::{Batch, LOAD_DAY, NOTICE_DAY, Person, World, conditions, extract};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// All municipalities.
const TOWNS: usize = usize::MAX;

/// Files of sekisho under construction, one for each municipality.
struct Files<'l> {
    open: Vec<(NoticeWriter<'l>, BufWriter<File>)>,
}

/// What the files of a batch have in common.
struct Head<'a> {
    serial: u32,
    created_at: &'a str,
    /// Header fields that only this kind has.
    fields: &'a [(&'static str, &'a str)],
}

impl<'l> Files<'l> {
    fn begin(world: &World, layout: &'l Layout, folder: &Path, towns: usize, about: &Head<'_>) -> Outcome<Self> {
        std::fs::create_dir_all(folder)?;
        let own = PartyId::parse("050008").ok_or("own id")?;
        let mut open = Vec::new();
        for town in world.tables.towns.iter().take(towns) {
            let serial = about.serial;
            let head = FileHead {
                sender: PartyId::parse(&town.code).ok_or("party id")?,
                receiver: own,
                serial,
                created_at: Instant::parse(about.created_at).ok_or("instant")?,
                environment: b'T',
                encoding: Encoding::Cp932,
                reply_to: None,
                line_end: LineEnd::None,
            };
            let name = format!("{}-{}-{own}-{serial:08}.dat", layout.kind().as_str(), town.code);
            open.push((
                NoticeWriter::new(layout, &head, about.fields, GaijiTable::none())?,
                create(&folder.join(name))?,
            ));
        }
        Ok(Self { open })
    }

    fn put(&mut self, world: &World, person: &Person) -> Outcome {
        let (writer, file) = self.open.get_mut(person.town).ok_or("town")?;
        writer.put(&world.row(person), OldNumbers::default())?;
        file.write_all(&writer.take())?;
        Ok(())
    }

    fn finish(self) -> Outcome {
        for (writer, mut file) in self.open {
            file.write_all(&writer.finish()?)?;
            close(file)?;
        }
        Ok(())
    }
}

fn parties(world: &World, folder: &Path) -> Outcome {
    let mut file = create(&folder.join("parties.csv"))?;
    writeln!(file, "party_id,kind,name,kinds,text_encoding,active_from,active_to")?;
    for town in &world.tables.towns {
        writeln!(
            file,
            "{},municipality,{},UPD EXT INQ,1,20020805,99991231",
            town.code, town.name
        )?;
    }
    writeln!(
        file,
        "N0000001,national,地方公共団体情報システム機構,RES NRS,2,20020805,99991231"
    )?;
    Ok(close(file)?)
}

fn residents(world: &World, layout: &Layout, folder: &Path, peers: bool) -> Outcome {
    let mut files = Files::begin(
        world,
        layout,
        &folder.join("load"),
        TOWNS,
        &Head {
            serial: 1,
            created_at: &format!("{LOAD_DAY}060000000"),
            fields: &[],
        },
    )?;
    let mut flat = create(&folder.join("master.utf8"))?;
    let mut record = Vec::new();
    for at in 0..world.residents {
        let person = world.person(at);
        files.put(world, &person)?;
        if peers {
            record.clear();
            world.put_flat(&person, false, &mut record);
            record.push(b'\n');
            flat.write_all(&record)?;
        }
    }
    close(flat)?;
    files.finish()
}

fn notices(world: &World, layout: &Layout, folder: &Path, count: u64, room: u64) -> Outcome {
    let mut files = Files::begin(
        world,
        layout,
        folder,
        TOWNS,
        &Head {
            serial: 2,
            created_at: &format!("{NOTICE_DAY}180000000"),
            fields: &[],
        },
    )?;
    let mut flat = [
        create(&folder.join("updates.utf8"))?,
        create(&folder.join("updates.cp932"))?,
    ];
    let mut record = Vec::new();
    for notice in Batch::choose(world, count, room).notices() {
        files.put(world, &notice.person)?;
        for (file, cp932) in flat.iter_mut().zip([false, true]) {
            record.clear();
            write!(record, "{:08}{}", notice.id, char::from(notice.kind))?;
            world.put_flat(&notice.person, cp932, &mut record);
            record.push(b'\n');
            file.write_all(&record)?;
        }
    }
    for file in flat {
        close(file)?;
    }
    files.finish()
}

/// The extracts of the first municipalities.
fn extracts(world: &World, folder: &Path, towns: usize) -> Outcome {
    let layout = Layout::builtin(FileKind::Ext)?;
    let (created_at, base_at) = (format!("{NOTICE_DAY}080000000"), format!("{NOTICE_DAY}070000000"));
    let about = Head {
        serial: 1,
        created_at: &created_at,
        fields: &[("base_at", base_at.as_str()), ("scope", "F")],
    };
    let mut files = Files::begin(world, &layout, folder, towns, &about)?;
    let mut flat = create(&folder.join("extract.cp932"))?;
    let mut record = Vec::new();
    for person in extract(world).filter(|person| person.town < towns) {
        files.put(world, &person)?;
        record.clear();
        world.put_flat(&person, true, &mut record);
        record.push(b'\n');
        flat.write_all(&record)?;
    }
    close(flat)?;
    files.finish()
}

/// Conditions of an inquiry.
fn inquiry(world: &World, path: &Path, count: u64) -> Outcome {
    let mut file = create(path)?;
    for (id, asked) in (1..).zip(conditions(world, count)) {
        let (name, _, _) = encoding_rs::SHIFT_JIS.encode(&asked.name);
        let mut name = name.into_owned();
        name.resize(24, b' ');
        write!(file, "{id:08}{}{:11}{:12}", asked.kind, asked.code, asked.number)?;
        file.write_all(&name)?;
        writeln!(file, "{:8}{:1}", asked.birth, asked.sex)?;
    }
    Ok(close(file)?)
}

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [residents_text, folder, rest @ ..] = words.as_slice() else {
        return Err("usage: gen N FOLDER [SEED]".into());
    };
    let seed = rest.first().map_or(Ok(20_260_601), |text| text.parse())?;
    let peers = rest.get(1).is_none_or(|word| word != "alone");
    let world = World::new(seed, residents_text.parse()?);
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let layout = Layout::builtin(FileKind::Upd)?;
    parties(&world, folder)?;
    residents(&world, &layout, folder, peers)?;
    let nightly = world.residents / if peers { 1000 } else { 10_000 };
    notices(&world, &layout, &folder.join("nightly"), nightly, 1)?;
    notices(&world, &layout, &folder.join("mass"), world.residents / 10, 2)?;
    if peers {
        extracts(&world, &folder.join("town"), 1)?;
        extracts(&world, &folder.join("towns"), TOWNS)?;
        inquiry(&world, &folder.join("few.cp932"), 100)?;
        inquiry(&world, &folder.join("many.cp932"), world.residents / 10)?;
    }
    Ok(())
}
