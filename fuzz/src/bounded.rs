//! An allocator that knows the largest piece of memory that any input of a fuzzer may ask for.
//!
//! libFuzzer's own limit works only together with a sanitizer, which halves the number of inputs tried. The product has no
//! unsafe code, so the sanitizer is not what finds its faults.

use std::alloc::{GlobalAlloc, Layout, System};

/// Inputs are at most a few tens of kilobytes; runs and packages have buffers of 1 MiB.
const LARGEST_BYTES: usize = 32 << 20;

/// The system's allocator, which ends the process (so that libFuzzer keeps the input) at a request over the limit.
pub struct Bounded;

fn bounded(size: usize) {
    if size > LARGEST_BYTES {
        eprintln!("an input asks for {size} bytes at once");
        std::process::abort();
    }
}

// SAFETY: every call goes to the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        bounded(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        bounded(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        bounded(size);
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { System.dealloc(old, layout) }
    }
}
