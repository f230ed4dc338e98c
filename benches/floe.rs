//! FLOE in memory against AES-256-GCM of the same crate alone: the same key length, the same pieces, by turns, on one thread and on
//! two. FLOE does more work than the crate alone, so a ratio above 1 is no gain; probably it is how the compiler laid out either side. Writes `target/bench/floe.json` for the table of `docs/performance.md`; `cargo bench --bench floe`.
#![expect(
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement takes the time and leaves its result in a file"
)]

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use sekisho::seal::floe::{FloeKey, FloeParams, Opener, SEGMENT_OVERHEAD, Sealer};

/// Segments of packages.
const PARAMS: FloeParams = FloeParams::fixed::<65_536>();
const SEGMENTS: usize = 32;
/// Length word and nonce in front of a ciphertext: both sides put theirs at the same places.
const HEAD: usize = 16;
const ROUNDS: usize = 25;
/// Each measurement goes so often over its bytes.
const TIMES: usize = 8;
/// The goal: FLOE's rate, divided by that of the crate.
const GOAL: f64 = 0.9;

type Fault = Box<dyn Error + Send + Sync>;

/// What one thread works on.
struct Place {
    cipher: Aes256Gcm,
    sealer: Sealer,
    opener: Opener,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    /// Ciphertexts of the crate alone, each where that of FLOE's segment would stand, and their tags.
    bare: Vec<u8>,
    tags: Vec<[u8; 16]>,
}

impl Place {
    fn new() -> Result<Self, Fault> {
        let len = PARAMS.plaintext_segment_len() as usize * SEGMENTS;
        let key = FloeKey::new([7; 32]);
        let sealer = Sealer::new(&key, PARAMS, b"floe", [1; 32]);
        let opener = Opener::new(&key, PARAMS, b"floe", sealer.header())?;
        let mut place = Self {
            cipher: Aes256Gcm::new(&[7; 32].into()),
            sealer,
            opener,
            plain: (0..=255).cycle().take(len).collect(),
            sealed: vec![0; len + SEGMENTS * SEGMENT_OVERHEAD as usize],
            bare: vec![0; len + SEGMENTS * SEGMENT_OVERHEAD as usize],
            tags: vec![[0; 16]; SEGMENTS],
        };
        // Every job has something to open.
        place.seal()?;
        place.encrypt()?;
        Ok(place)
    }

    fn pieces() -> (usize, usize) {
        (
            PARAMS.plaintext_segment_len() as usize,
            PARAMS.encrypted_segment_len() as usize,
        )
    }

    fn seal(&mut self) -> Result<(), Fault> {
        let (plain, sealed) = Self::pieces();
        let places = self.plain.chunks(plain).zip(self.sealed.chunks_mut(sealed));
        for (index, (piece, place)) in (0..).zip(places) {
            self.sealer
                .seal_segment_into(index, piece, index + 1 == SEGMENTS as u64, place)?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Fault> {
        let (plain, sealed) = Self::pieces();
        let places = self.sealed.chunks(sealed).zip(self.plain.chunks_mut(plain));
        for (index, (piece, place)) in (0..).zip(places) {
            self.opener
                .open_segment_into(index, piece, index + 1 == SEGMENTS as u64, place)?;
        }
        Ok(())
    }

    fn encrypt(&mut self) -> Result<(), Fault> {
        let (plain, sealed) = Self::pieces();
        let places = self.plain.chunks(plain).zip(self.bare.chunks_mut(sealed));
        for ((piece, place), tag) in places.zip(&mut self.tags) {
            let place = place.get_mut(HEAD..HEAD + plain).unwrap_or_default();
            let buffer = InOutBuf::new(piece, place).map_err(|_| "lengths differ")?;
            *tag = self
                .cipher
                .encrypt_inout_detached(&[3; 12].into(), b"nine byte", buffer)
                .map_err(|_| "not encrypted")?
                .into();
        }
        Ok(())
    }

    fn decrypt(&mut self) -> Result<(), Fault> {
        let (plain, sealed) = Self::pieces();
        let places = self.bare.chunks(sealed).zip(self.plain.chunks_mut(plain));
        for ((piece, place), tag) in places.zip(&self.tags) {
            let piece = piece.get(HEAD..HEAD + plain).unwrap_or_default();
            let buffer = InOutBuf::new(piece, place).map_err(|_| "lengths differ")?;
            self.cipher
                .decrypt_inout_detached(&[3; 12].into(), b"nine byte", buffer, &(*tag).into())
                .map_err(|_| "not authentic")?;
        }
        Ok(())
    }
}

type Job = fn(&mut Place) -> Result<(), Fault>;

/// Bytes per second of all threads together.
fn rate(places: &mut [Place], job: Job) -> Result<f64, Fault> {
    let bytes = places.iter().map(|place| place.plain.len()).sum::<usize>() * TIMES;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = places
            .iter_mut()
            .map(|place| scope.spawn(move || (0..TIMES).try_for_each(|_| job(black_box(place)))))
            .collect();
        running
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a thread ended".into())))
    })?;
    Ok(bytes as f64 / begun.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// FLOE's rate and what it is of the crate's, medians of rounds by turns.
fn compared(places: &mut [Place], floe: Job, alone: Job) -> Result<(f64, f64), Fault> {
    let (mut rates, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mine = rate(places, floe)?;
        ratios.push(mine / rate(places, alone)?);
        rates.push(mine);
    }
    Ok((median(rates), median(ratios)))
}

fn main() -> Result<(), Fault> {
    let mut places = [Place::new()?, Place::new()?];
    let (mut said, mut met) = (Vec::new(), true);
    for threads in [1, 2] {
        let places = places.get_mut(..threads).unwrap_or_default();
        for (name, floe, alone) in [
            ("seal", Place::seal as Job, Place::encrypt as Job),
            ("open", Place::open, Place::decrypt),
        ] {
            let (rate, ratio) = compared(places, floe, alone)?;
            met &= ratio >= GOAL;
            said.push(format!("{name} on {threads}: {ratio:.2} x ({:.1} GB/s)", rate / 1e9));
        }
    }
    let text = said.join(", ");
    writeln!(std::io::stdout(), "{text}")?;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench");
    std::fs::create_dir_all(folder)?;
    let result = serde_json::json!({ "text": text, "met": met });
    std::fs::write(format!("{folder}/floe.json"), format!("{result}\n"))?;
    Ok(())
}
