//! A site full of canaries, run by the built binary, with a folder for temporary files that must stay empty.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sekisho::domain::ids::{JuminCode, MyNumber};
use sekisho::domain::item::Item;
use sekisho::domain::row::Row;

use super::canary::Canaries;
use crate::desk::Desk;
use crate::desk::files::{AKITA, DAY, NOSHIRO, ODATE, YOKOTE, changed, entry, head, name, package, upd_of};

/// Name of the canaries.
pub(super) const NAME: &str = "鷺沼　澪標丸";
/// A file that is called like a person.
pub(super) const FILE_NAME: &str = "鷺沼澪標丸.dat";

/// Code and number of the n-th canary, with right check digits.
pub(super) fn person(number: u64) -> (String, String) {
    let code = JuminCode::from_body(3_141_592_653 + number).unwrap().text();
    (code, MyNumber::from_body(27_182_818_284 + number).unwrap().text())
}

/// Everything personal of the first canaries, whatever their number.
pub(super) fn canaries() -> Canaries {
    let mut all = Canaries::default()
        .text("name", NAME)
        .text("given name", "澪標丸")
        .text("surname", "鷺沼")
        .text("new name", "蛍袋沢")
        .text("reading", "さぎぬま　みおつくしまる")
        .text("given reading", "みおつくしまる")
        .text("plain reading", "さきぬまみおつくしまる")
        .text("address", "鷺沼谷地七丁目")
        .text("new address", "蛍袋七丁目")
        .number("birth date", "319771107");
    for number in 0..6 {
        let (code, my_number) = person(number);
        all = all.number("code", &code).number("number", &my_number);
    }
    all
}

/// A canary's entry.
pub(super) fn canary(town: &str, number: u64) -> Row {
    let (code, my_number) = person(number);
    let row = entry(town, (&code, &my_number));
    with(
        row,
        &[
            (2, NAME),
            (4, "さぎぬま　みおつくしまる"),
            (5, "319771107"),
            (7, "秋田県秋田市鷺沼谷地七丁目７７番７号"),
        ],
    )
}

/// The row with other items.
pub(super) fn with(mut row: Row, items: &[(u8, &str)]) -> Row {
    for (number, text) in items {
        assert!(row.set(Item::from_number(*number).unwrap(), text), "{number} {text}");
    }
    row
}

/// The site.
pub(super) struct Place {
    pub(super) desk: Desk,
    pub(super) canaries: Canaries,
}

impl Place {
    /// A site with two generations of canaries, refused and warned records, and a held file.
    pub(super) fn new() -> Self {
        let desk = Desk::new();
        std::fs::create_dir(desk.path("tmp")).unwrap();
        let unlock = std::fs::read_to_string(desk.root().join("keys/unlock.key")).unwrap();
        let mut known = canaries();
        for secrets in desk.parties.values() {
            known = known.party(secrets);
        }
        for line in unlock.lines().filter(|line| line.len() > 40) {
            known = known.secret("unlock key", line.rsplit(' ').next().unwrap());
        }
        let mut site = None;
        desk.look(|opened| site = Some(std::mem::take(&mut known).site(&opened.secrets)));
        let place = Self {
            desk,
            canaries: site.unwrap(),
        };
        place.fill();
        place
    }

    fn fill(&self) {
        let desk = &self.desk;
        let rows = [canary(AKITA, 0), canary(AKITA, 1)];
        desk.put(AKITA, &name(AKITA, 1), &upd_of(&head(AKITA, 1), &rows));
        assert_eq!(desk.run().json["records"]["applied"], 2);
        let later = |row: Row, minute: &str, items: &[(u8, &str)]| {
            let stamp = format!("2020091409{minute}00000");
            with(with(row, &[(18, &stamp)]), items)
        };
        let rows = [
            // Applied, with a warning, refused by F, C and L rules.
            later(canary(AKITA, 0), "10", &[(10, "33"), (2, "蛍袋沢　澪標丸")]),
            later(
                canary(AKITA, 1),
                "11",
                &[(10, "31"), (7, "秋田県秋田市蛍袋七丁目"), (4, "")],
            ),
            later(canary(AKITA, 2), "12", &[(7, "")]),
            later(canary(AKITA, 3), "13", &[(6, "9")]),
            later(canary(AKITA, 1), "14", &[]),
            later(canary(AKITA, 4), "15", &[(10, "31")]),
        ];
        desk.put(AKITA, &name(AKITA, 2), &upd_of(&head(AKITA, 2), &rows));
        // Held: a gap, a name that is a person's, a file that is not whole, one of the wrong environment, one not sealed.
        let of = |town: &str, serial: u32| upd_of(&head(town, serial), &[canary(town, 5)]);
        desk.put(NOSHIRO, &name(NOSHIRO, 9), &of(NOSHIRO, 9));
        desk.put(NOSHIRO, "鷺沼澪標丸の通知.dat", &of(NOSHIRO, 8));
        desk.put(YOKOTE, FILE_NAME, &of(YOKOTE, 1)[..2000]);
        desk.put(ODATE, FILE_NAME, &of(ODATE, 1));
        let strange = desk.root().join("in/鷺沼澪標丸");
        std::fs::create_dir(&strange).unwrap();
        std::fs::write(strange.join(FILE_NAME), of("053023", 1)).unwrap();
        let broken = package(
            ODATE,
            &desk.parties[ODATE],
            ("050008", &desk.site_key()),
            FILE_NAME,
            &of(ODATE, 2),
            3,
        );
        let broken = changed(&broken, broken.len() - 900, &[1, 2, 3, 4, 5]);
        desk.put(ODATE, "鷺沼澪標丸.dat.seki", &broken);
        let bad_head = changed(&of(YOKOTE, 3), 4, "鷺沼澪標丸".as_bytes());
        desk.put(YOKOTE, &name(YOKOTE, 3), &bad_head);
    }

    /// A run of the program, not started yet.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.desk.command(args);
        command.env("TMPDIR", self.desk.path("tmp")).stdin(Stdio::null());
        command
    }

    /// Runs the program; nothing may be on standard error.
    pub(super) fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        self.canaries
            .none_in(&format!("the errors of {args:?}"), &output.stderr);
        output
    }

    /// Runs it, in English and as JSON; nothing may be anywhere. Gives the exit code.
    pub(super) fn silent(&self, args: &[&str]) -> i32 {
        let mut code = 0;
        for form in [&[][..], &["--json"]] {
            let output = self.run(&[form, args].concat());
            self.canaries
                .none_in(&format!("the output of {form:?} {args:?}"), &output.stdout);
            code = output.status.code().unwrap();
        }
        code
    }

    /// A file beside the site.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.desk.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A path beside the site.
    pub(super) fn path(&self, name: &str) -> String {
        self.desk.path(name).to_str().unwrap().to_owned()
    }

    /// Nothing is in any file of the site or in its name, but where the senders put it; nothing is left behind in the
    /// folder for temporary files; the unlock key is in its own file only.
    pub(super) fn nothing_at_rest(&self) {
        let root = self.desk.root();
        let (inbound, unlock) = (root.join("in"), root.join("keys/unlock.key"));
        let skip = |path: &Path| path.starts_with(&inbound) || path == unlock;
        self.canaries.none_below(&root, &skip);
        let left: Vec<PathBuf> = std::fs::read_dir(self.desk.path("tmp"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// One run on the day.
    pub(super) fn pass(&self) {
        let code = self.silent(&["run", "--business-date", DAY]);
        assert!([0, 1, 3].contains(&code), "{code}");
    }
}
