//! Histories: what happens in some towns over some days, as values that proptest can make smaller and people can read.
//! Nothing in a history says what is right: any history may happen, and the smaller ones are simpler in every part.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;

use super::cells::reasons;
use super::paper::Damage;

/// Days with a run each.
#[derive(Debug, Clone)]
pub(super) struct History(pub(super) Vec<Day>);

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Day {
    /// Days since the run before; 0 is a second run on the same day.
    pub(super) after: u16,
    pub(super) files: Vec<Draft>,
    /// The national body acknowledges its oldest open notice file.
    pub(super) acknowledges: bool,
}

/// One file that a town makes.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Index of the town.
    pub(super) town: usize,
    pub(super) acts: Vec<Act>,
    pub(super) post: Post,
    pub(super) damage: Option<Damage>,
    pub(super) ucs2: bool,
    /// 0 none, 1 LF, 2 CR LF.
    pub(super) line_end: usize,
    /// Takes the serial of a rejected file, if there is one, instead of the next one.
    pub(super) repairs: bool,
}

/// How it gets there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Post {
    Now,
    /// So many runs later.
    Late(usize),
    Never,
    /// Twice in one run, the second time under a name that says nothing.
    Twice,
    /// Now, and the same bytes again so many runs later, under the same or another name.
    Again(usize, bool),
    /// Now, and other bytes with the same serial so many runs later (0: in the same run).
    Conflict(usize),
}

/// One record of a file.
#[derive(Debug, Clone)]
pub(super) struct Act {
    /// Index of the person.
    pub(super) person: usize,
    pub(super) deed: Deed,
    /// Which values it brings, where the deed leaves a choice.
    pub(super) variant: u8,
    pub(super) twists: Vec<Twist>,
}

/// What a record wants to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// The n-th reason that fits what the town knows of the person.
    Fitting(usize),
    /// This reason, whatever the person is.
    Reason(&'static str),
    /// A record that was sent before, word for word.
    Repeat(usize),
}

/// What is odd about a record, in the order in which it is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Twist {
    /// An item gets another of the texts that it may have.
    Item(u8, u8),
    /// A 〓 in name, address or former surname; counted or not.
    Gaiji(u8, bool),
    /// Item 18 so many hours off.
    Hours(i8),
    /// Items 18 and 22 as they are in the register; 22 one more or not.
    SameTime(bool),
    /// Item 11 so many days from today.
    Days(i8),
    /// Item 11 is an odd text.
    OddDate(u8),
    /// Item 5 is an odd text.
    OddBirth(u8),
    /// Item 9 of another person.
    NumberOf(usize),
    OldNumber(u8),
    OldCode(usize),
    Code(usize),
    WrongDigit(u8),
}

fn twist() -> impl Strategy<Value = Twist> {
    let items = prop::sample::select(vec![
        2_u8, 4, 5, 6, 7, 9, 13, 14, 15, 23, 24, 25, 27, 28, 3, 8, 10, 12, 16, 17, 18, 19, 20, 21, 22, 26, 1, 11,
    ]);
    prop_oneof![
        8 => (items, 0..6_u8).prop_map(|(item, variant)| Twist::Item(item, variant)),
        1 => (0..3_u8, prop::bool::weighted(0.8)).prop_map(|(field, counted)| Twist::Gaiji(field, counted)),
        2 => prop::sample::select(vec![-1_i8, -12, -24, -48, 1, 24, 48]).prop_map(Twist::Hours),
        1 => any::<bool>().prop_map(Twist::SameTime),
        2 => prop::sample::select(vec![1_i8, -1, -3, 10, -100]).prop_map(Twist::Days),
        1 => (0..8_u8).prop_map(Twist::OddDate),
        1 => (0..8_u8).prop_map(Twist::OddBirth),
        2 => (0..5_usize).prop_map(Twist::NumberOf),
        1 => (0..4_u8).prop_map(Twist::OldNumber),
        1 => (0..5_usize).prop_map(Twist::OldCode),
        1 => (0..5_usize).prop_map(Twist::Code),
        1 => prop::sample::select(vec![1_u8, 9, 14, 29, 30]).prop_map(Twist::WrongDigit),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let deed = prop_oneof![
        12 => (0..14_usize).prop_map(Deed::Fitting),
        3 => prop::sample::select(reasons()).prop_map(Deed::Reason),
        2 => (0..4_usize).prop_map(Deed::Repeat),
    ];
    let twists = prop_oneof![5 => Just(Vec::new()), 3 => vec(twist(), 1), 1 => vec(twist(), 2)];
    (0..5_usize, deed, 0..4_u8, twists).prop_map(|(person, deed, variant, twists)| Act {
        person,
        deed,
        variant,
        twists,
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    let town = prop_oneof![8 => Just(0_usize), 6 => Just(1), 5 => Just(2), 1 => 3..5_usize];
    let post = prop_oneof![
        14 => Just(Post::Now),
        2 => (1..3_usize).prop_map(Post::Late),
        1 => Just(Post::Never),
        1 => Just(Post::Twice),
        2 => (1..3_usize, any::<bool>()).prop_map(|(after, same)| Post::Again(after, same)),
        2 => (0..3_usize).prop_map(Post::Conflict),
    ];
    let damage = prop::option::weighted(0.15, prop::sample::select(Damage::ALL.to_vec()));
    let shape = (prop::bool::weighted(0.3), 0..3_usize, prop::bool::weighted(0.8));
    (town, vec(act(), 0..6), post, damage, shape).prop_map(|(town, acts, post, damage, shape)| Draft {
        town,
        acts,
        post,
        damage,
        ucs2: shape.0,
        line_end: shape.1,
        repairs: shape.2,
    })
}

fn day() -> impl Strategy<Value = Day> {
    let after = prop_oneof![10 => 0..4_u16, 1 => 20..60_u16, 1 => Just(250_u16)];
    (after, vec(draft(), 1..5), prop::bool::weighted(0.3)).prop_map(|(after, files, acknowledges)| Day {
        after,
        files,
        acknowledges,
    })
}

/// Histories of two to four days, one to four files a day.
pub(super) fn histories() -> impl Strategy<Value = History> {
    vec(day(), 2..5).prop_map(History)
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (no, day) in self.0.iter().enumerate() {
            write!(f, "run {no}, {} days on", day.after)?;
            writeln!(f, "{}", if day.acknowledges { ", an acknowledgement" } else { "" })?;
            for file in &day.files {
                write!(f, "  town {} sends ({:?}", file.town, file.post)?;
                if let Some(damage) = file.damage {
                    write!(f, ", damaged: {damage:?}")?;
                }
                let repairs = if file.repairs { ", repairs" } else { "" };
                let encoding = if file.ucs2 { ", UCS-2" } else { "" };
                writeln!(f, "{encoding}{repairs}, line end {})", file.line_end)?;
                for act in &file.acts {
                    write!(f, "    person {}: {:?} {}", act.person, act.deed, act.variant)?;
                    writeln!(f, " {:?}", act.twists)?;
                }
            }
        }
        Ok(())
    }
}
