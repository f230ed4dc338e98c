//! F9: every bit of every file.

use super::*;

#[test]
fn zz_look() {
    let (disk, _) = small();
    let mut total = 0;
    for file in files(&disk) {
        let len = read(&disk, &file).len();
        total += len;
        println!("{len:8} {file}");
    }
    println!("{total}");
    let t = std::time::Instant::now();
    for _ in 0..20 {
        let found = examined(&disk, Depth::Full).unwrap();
        assert_eq!(found.bad, []);
    }
    println!("full {:?}", t.elapsed() / 20);
    let t = std::time::Instant::now();
    for _ in 0..20 {
        examined(&disk, Depth::Quick).unwrap();
    }
    println!("quick {:?}", t.elapsed() / 20);
    println!("{:?}", examined(&disk, Depth::Full).unwrap());
}
