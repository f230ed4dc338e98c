//! `gen verify --slice k/n`: n slices together read everything, each object once.

use sekisho::run::verify::Slice;

use super::*;

#[test]
fn every_object_is_in_exactly_one_slice() {
    let small = small();
    for parts in [1, 2, 3, 7, 30, 1000, u32::MAX] {
        for file in files(&small.disk) {
            let own = Slice::holding(&file, parts).unwrap();
            assert!(own.holds(&file) && (1..=parts).contains(&own.part()) && own.parts() == parts);
            if parts <= 30 {
                let holding = (1..=parts).filter(|part| Slice::new(*part, parts).unwrap().holds(&file));
                assert_eq!(holding.collect::<Vec<_>>(), [own.part()], "{file} of {parts}");
            }
        }
    }
    // The numbers stay: they are the first eight bytes of the SHA-256 of the path (`printf store/CURRENT | sha256sum`
    // begins with the digits below), modulo the number of slices.
    let digits = u64::from_str_radix("e24e4891b7b40cb5", 16).unwrap();
    assert_eq!(
        u64::from(Slice::holding("store/CURRENT", 1000).unwrap().part()),
        digits % 1000 + 1
    );
    for (part, parts) in [(0, 3), (4, 3), (0, 0), (1, 0)] {
        assert_eq!(Slice::new(part, parts), None);
    }
}

/// Damage that only reading every byte shows is found by the one slice that has the object.
#[test]
fn the_slices_of_a_month_find_what_the_full_depth_finds() {
    let small = small();
    let disk = &small.disk;
    let parts = 5;
    for (class, object) in [
        ("answers/", None),
        ("archive/", None),
        ("spool/", None),
        ("store/runs/", None),
        ("out/052019/", None),
        ("ledger/2020/private/", Some("ledger/2020")),
    ] {
        let file = files(disk).into_iter().find(|file| file.starts_with(class)).unwrap();
        let sound = read(disk, &file);
        let mut bytes = sound.clone();
        // Within the content: heads, footers and lengths are as they were.
        let at_byte = if class == "store/runs/" { 100 } else { bytes.len() - 3 };
        bytes[at_byte] ^= 1;
        disk.put(&at(&file), &bytes).unwrap();
        let own = Slice::holding(object.unwrap_or(&file), parts).unwrap();
        for part in 1..=parts {
            let found = first_bad(disk, Depth::Slice(Slice::new(part, parts).unwrap()));
            let found = found.map(|(object, _)| object);
            if part == own.part() {
                assert_eq!(found.as_ref(), Some(&file), "slice {part}");
            } else if class != "store/runs/" {
                assert_eq!(found, None, "{file} is of slice {}, not {part}", own.part());
            }
        }
        disk.put(&at(&file), &sound).unwrap();
    }
}
