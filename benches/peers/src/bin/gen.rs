//! `gen N FOLDER [SEED [alone]]`: the data of a measurement; `alone` makes only what sekisho reads.
//!
//! ```text
//! FOLDER/parties.csv                 municipalities and the national body, without keys
//! FOLDER/master.utf8                 the register of the peers, sorted by code
//! FOLDER/load/UPD-*.dat              the same residents as files of sekisho, one for each municipality
//! FOLDER/nightly/, FOLDER/mass/      N/1000 and N/10 notices:
//!     updates.cp932, updates.utf8    for the peers; the second for those that cannot decode CP932
//!     UPD-*.dat                      for sekisho, one file for each municipality, in the same order
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::Instant;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::exchange::{FileHead, LineEnd, NoticeWriter, OldNumbers};
use sekisho::format::layout::Layout;
use sekisho_peers::flat::{close, create};
use sekisho_peers::made::{Batch, LOAD_DAY, NOTICE_DAY, Person, World};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Files of sekisho under construction, one for each municipality.
struct Files<'l> {
    open: Vec<(NoticeWriter<'l>, BufWriter<File>)>,
}

impl<'l> Files<'l> {
    fn begin(world: &World, layout: &'l Layout, folder: &Path, serial: u32, created_at: &str) -> Outcome<Self> {
        std::fs::create_dir_all(folder)?;
        let own = PartyId::parse("050008").ok_or("own id")?;
        let mut open = Vec::new();
        for town in &world.tables.towns {
            let head = FileHead {
                sender: PartyId::parse(&town.code).ok_or("party id")?,
                receiver: own,
                serial,
                created_at: Instant::parse(created_at).ok_or("instant")?,
                environment: b'T',
                encoding: Encoding::Cp932,
                reply_to: None,
                line_end: LineEnd::None,
            };
            let name = format!("UPD-{}-{own}-{serial:08}.dat", town.code);
            open.push((NoticeWriter::without_table(layout, &head)?, create(&folder.join(name))?));
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
    let mut files = Files::begin(world, layout, &folder.join("load"), 1, &format!("{LOAD_DAY}060000000"))?;
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
    let mut files = Files::begin(world, layout, folder, 2, &format!("{NOTICE_DAY}180000000"))?;
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
    notices(&world, &layout, &folder.join("nightly"), world.residents / 1000, 1)?;
    notices(&world, &layout, &folder.join("mass"), world.residents / 10, 2)
}
