//! Are settings read as a Linux prints them, and is every name of its own known?

use keeptrack::settings::{Origin, Settings};
use keeptrack_core::{Config, Timeout};

use super::samples;

fn load(words: &[String]) -> Settings {
    Settings::load(words).unwrap_or_else(|error| panic!("{error}"))
}

fn line(file: &str, line: usize) -> Origin {
    Origin::Line { file: file.to_owned(), line }
}

#[test]
fn what_a_fresh_linux_prints_is_the_preset_of_linux() {
    let Some(samples) = samples::folder() else { return };
    let all = [
        ("sysctl/sysctl-net.netfilter-6.18.txt", 16, 1, false),
        ("sysctl/grep-H-proc-sys.txt", 16, 0, false),
        ("default/sysctl.txt", 16, 1, false),
        ("acct_ts/sysctl.txt", 16, 1, true),
    ];
    for (file, max_line, other_count, counts) in all {
        let file = samples.join(file).display().to_string();
        let settings = load(std::slice::from_ref(&file));
        let fresh = Config { checksum: true, unfinished_sums: true, ..Config::LINUX };
        assert_eq!(settings.apply(Config::LINUX_2_4_21), fresh, "{file}");
        assert_eq!(settings.max(), Some((262_144, &line(&file, max_line))), "{file}");
        assert_eq!(settings.buckets().map(|(buckets, _)| buckets), Some(262_144), "{file}");
        assert_eq!(settings.acct().map(|(on, _)| on), Some(counts), "{file}");
        assert_eq!(settings.timestamp().map(|(on, _)| on), Some(counts), "{file}");
        assert_eq!(settings.ignored().count(), 0, "{file}");
        assert_eq!(settings.other_count(), other_count, "{file}");
    }
}

#[test]
fn a_file_of_all_forms_is_read_as_sysctl_does_and_typed_settings_come_behind_it() {
    let Some(samples) = samples::folder() else { return };
    let file = samples.join("sysctl/99-mixed.conf").display().to_string();
    let settings = load(std::slice::from_ref(&file));
    assert_eq!(settings.max(), Some((524_288, &line(&file, 6))));
    assert_eq!(settings.buckets(), Some((262_144, &line(&file, 4))));
    assert_eq!(settings.timeout(Timeout::Udp), Some((15, &line(&file, 5))));
    assert_eq!(settings.timeout(Timeout::TcpEstablished), Some((3600, &line(&file, 7))));
    let typed = "nf_conntrack_max=0x400".to_owned();
    assert_eq!(load(&[file.clone(), typed.clone()]).max(), Some((1024, &Origin::Typed)));
    assert_eq!(load(&[typed, file]).max().map(|(max, _)| max), Some(524_288));
}

#[test]
fn a_setting_is_typed_where_no_file_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nf_conntrack_max=5");
    std::fs::write(&file, "net.netfilter.nf_conntrack_max = 7").unwrap();
    let word = file.display().to_string();
    assert_eq!(load(std::slice::from_ref(&word)).max(), Some((7, &line(&word, 1))));
    assert_eq!(load(&["nf_conntrack_max=5".to_owned()]).max(), Some((5, &Origin::Typed)));
}

#[test]
fn files_that_cannot_be_are_refused_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |word: String| Settings::load(&[word]).unwrap_err().to_string();
    let of = |bytes: &[u8]| {
        let file = folder.path().join("f");
        std::fs::write(&file, bytes).unwrap();
        shown(file.display().to_string())
    };
    assert!(of(&[b'a'; 17 << 20]).contains("too large for settings"));
    assert!(of(b"\x7fELF\0\0").contains("looks like binary data"));
    assert!(of(&[0xff; 4096]).contains("is not sysctl text"));
    assert!(of(&b"nf_conntrack_max=\x1b[2J\n"[..]).lines().all(|line| !line.contains('\x1b')));
    let missing = folder.path().join("missing").display().to_string();
    assert!(shown(missing.clone()).contains(&format!("cannot read {missing}: No such file")));
    let endless = Settings::load(&["/dev/zero".to_owned()]).unwrap_err().to_string();
    assert!(endless.contains("/dev/zero is not sysctl text"), "{endless}");
}
