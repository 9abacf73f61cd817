//! The simulated disk must be as bad as it says, or the simulations prove nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{Fault, SimulatedDisk};
use crate::core::disk::{Access, Disk, DiskError, write_atomically};

fn path() -> &'static Path {
    Path::new("/d/f")
}

fn disk(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    disk.create_dir_all(Path::new("/d")).unwrap();
    disk
}

#[test]
fn forgets_a_file_whose_directory_was_not_synced_in_some_runs() {
    let survivors = (0..200).filter(|seed| {
        let disk = disk(*seed);
        let mut file = disk.open(path(), Access::ReadWrite).unwrap();
        file.write_at(b"x", 0).unwrap();
        file.sync().unwrap();
        disk.power_cut();
        disk.contents(path()).is_some()
    });
    let survivors = survivors.count();
    assert!(survivors > 20 && survivors < 180, "{survivors}");
}

#[test]
fn tears_unsynced_writes_at_sectors_and_never_within() {
    let mut torn = 0;
    for seed in 0..200 {
        let disk = disk(seed);
        disk.put(path(), &[0; 4096]);
        disk.open(path(), Access::ReadWrite).unwrap().write_at(&[1; 4096], 0).unwrap();
        disk.power_cut();
        let contents = disk.contents(path()).unwrap();
        let sectors: Vec<u8> = contents.chunks(512).map(|sector| sector[0]).collect();
        assert!(contents.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        torn += usize::from(sectors.contains(&0) && sectors.contains(&1));
    }
    assert!(torn > 20, "{torn}");
}

#[test]
fn keeps_everything_written_when_only_the_process_dies() {
    let disk = disk(1);
    let mut file = disk.open(path(), Access::ReadWrite).unwrap();
    file.write_at(b"kept", 0).unwrap();
    disk.kill();
    assert!(file.write_at(b"late", 0).is_err());
    assert_eq!(disk.contents(path()).unwrap(), b"kept");
}

#[test]
fn a_sync_after_a_failed_sync_succeeds_and_proves_nothing() {
    let lost = (0..100).filter(|seed| {
        let disk = disk(*seed);
        disk.put(path(), b"old");
        let mut file = disk.open(path(), Access::ReadWrite).unwrap();
        file.write_at(b"new", 0).unwrap();
        disk.plan(Fault::Sync(1));
        assert!(file.sync().is_err());
        file.sync().unwrap();
        disk.power_cut();
        disk.contents(path()).unwrap() == b"old"
    });
    assert!(lost.count() > 20);
}

#[test]
fn runs_full_after_a_short_write_and_has_room_again() {
    let disk = disk(1);
    disk.set_capacity(Some(10));
    let mut file = disk.open(path(), Access::ReadWrite).unwrap();
    let error = file.write_at(&[1; 20], 0).unwrap_err();
    assert!(error.is_full());
    assert_eq!(disk.contents(path()).unwrap().len(), 10);
    disk.set_capacity(None);
    file.write_at(&[1; 20], 0).unwrap();
}

#[test]
fn an_atomic_write_leaves_the_old_or_the_new_contents_at_any_failing_operation() {
    for seed in 0..500 {
        let disk = disk(seed);
        write_atomically(&disk, path(), &[1; 2000]).unwrap();
        disk.plan(Fault::Operation(1 + seed % 7));
        let outcome = write_atomically(&disk, path(), &[2; 3000]);
        disk.power_cut();
        let contents = disk.contents(path()).unwrap();
        let new = contents == [2; 3000];
        assert!(new || (outcome.is_err() && contents == [1; 2000]), "seed {seed}");
    }
}

#[test]
fn a_lock_is_held_once_and_freed_by_a_kill() {
    let disk = disk(1);
    let held = disk.lock(path()).unwrap();
    assert!(matches!(disk.lock(path()), Err(DiskError::Held { holder: Some(_), .. })));
    disk.kill();
    let again = disk.lock(path()).unwrap();
    drop(held);
    assert!(disk.lock(path()).is_err());
    drop(again);
    assert!(disk.lock(path()).is_ok());
}

#[test]
fn a_dead_process_tells_nobody_anything() {
    let disk = disk(1);
    let process = disk.of_process();
    assert_eq!(process.while_living(|| 7), 7);
    disk.kill();
    let told = catch_unwind(AssertUnwindSafe(|| process.while_living(|| panic!("it is dead"))));
    assert!(told.unwrap_err().downcast_ref::<&str>().is_some_and(|it| it.contains("killed")));
    assert_eq!(disk.of_process().while_living(|| 8), 8);
}
