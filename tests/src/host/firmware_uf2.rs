//! Does a UF2 bring a configuration to where the board looks for it, and can it be read back from one?

use keeptrack_uf2::{Family, Piece, SECTOR_LEN, read, write};

use super::keeptrack;
use super::made::Files;

/// The memory map of the board that is flashed so.
const MEMORY: &str = include_str!("../../../firmware/boards/rp2040-w5500/memory.x");

/// A capture of one interface.
const SCANS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/scans.pcap");

/// Runs `firmware-config`, and answers with what it says is wrong.
fn refused(words: &[&str]) -> String {
    let ran = keeptrack(&[&["firmware-config"], words].concat());
    ran.end.map(drop).expect_err("a refusal").shown()
}

/// Runs `firmware-config`, and answers with what it writes to stdout.
fn written(words: &[&str]) -> Vec<u8> {
    let ran = keeptrack(&[&["firmware-config", "-q"], words].concat());
    ran.end.unwrap_or_else(|failure| panic!("{}", failure.shown()));
    ran.stdout
}

/// Where the board has its configuration, and how many bytes of it.
fn config() -> (u32, usize) {
    let line = MEMORY.lines().find_map(|line| line.trim().strip_prefix("CONFIG : ORIGIN = 0x"));
    let (origin, len) = line.unwrap().split_once(", LENGTH = ").unwrap();
    let len: usize = len.strip_suffix('K').unwrap().parse().unwrap();
    (u32::from_str_radix(origin, 16).unwrap(), len * 1024)
}

#[test]
fn a_uf2_brings_the_image_to_where_the_board_has_its_configuration() {
    let image = written(&["-c", "keeptrack.fail=closed", "-o", "-"]);
    let file = written(&["-c", "keeptrack.fail=closed", "--uf2", "-o", "-"]);
    let pieces = read(Family::RP2040, &file).unwrap();
    let [Piece { address, bytes }] = &pieces[..] else { panic!("{} pieces", pieces.len()) };
    assert_eq!(*address, config().0);
    // The rest of the sector is as good as erased; the program and the next sector are left alone.
    assert_eq!(bytes.len(), SECTOR_LEN as usize);
    let (start, rest) = bytes.split_at(image.len());
    assert!(start == image && rest.iter().all(|byte| *byte == 0xff));
    let other = written(&["-c", "keeptrack.fail=closed", "--uf2=0x10ff0000", "-o", "-"]);
    assert_eq!(read(Family::RP2040, &other).unwrap()[0].address, 0x10ff_0000);
}

#[test]
fn a_uf2_is_read_like_the_image_in_it() {
    let files = Files::new();
    let rules = "iptables -P FORWARD DROP\niptables -A FORWARD -i eth0 -p tcp -j ACCEPT\n";
    let rules = files.with("gateway.rules", rules);
    let image = files.with("gateway.image", written(&["-r", &rules, "-o", "-"]));
    let file = written(&["-r", &rules, "--uf2", "-o", "-"]);
    let uf2 = files.with("gateway.uf2", &file);
    let print = written(&["--print", &uf2]);
    assert!(print == written(&["--print", &image]));
    let print = files.with("print", print);
    let again = written(&["-r", &print, "-c", &print, "--uf2=0x101f0000", "-o", "-"]);
    assert!(again == file);
    let replayed = |config: &str| {
        let words = ["replay", "-q", SCANS, "--iface", "eth0", "-o", "packets"];
        let ran = keeptrack(&[&words[..], &["--firmware-config", config]].concat());
        ran.end.unwrap_or_else(|failure| panic!("{}", failure.shown()));
        ran.stdout
    };
    assert!(replayed(&uf2) == replayed(&image));
}

#[test]
fn what_is_wrong_with_a_uf2_is_said() {
    let files = Files::new();
    let whole = written(&["-c", "keeptrack.fail=open", "--uf2", "-o", "-"]);
    let shown = |bytes: &[u8]| {
        let file = files.with("gateway.uf2", bytes);
        refused(&["--print", &file]).replace(&files.path(""), "")
    };
    let anew = "help: make it anew: `keeptrack firmware-config --rules FILE --uf2 -o IMAGE`\n";
    let cut = "error: gateway.uf2: 700 bytes are no whole blocks of UF2, of 512 each: it is cut\n";
    assert_eq!(shown(&whole[..700]), format!("{cut}{anew}"));
    let missing = "error: gateway.uf2: block 0 of the UF2 says that it is number 0 of 16: blocks are \
        missing\n";
    assert_eq!(shown(&whole[..1024]), format!("{missing}{anew}"));
    // What is wrong in the image itself is told as of any image.
    let mut damaged = whole.clone();
    damaged[32 + 40] ^= 1;
    let does = "help: a gateway does with it what `keeptrack.fail = open` says\n";
    let crc = "error: gateway.uf2: the check sum is wrong: the image is damaged\n";
    assert_eq!(shown(&damaged), format!("{crc}{does}"));
    let of = |family, address| {
        let piece = Piece { address, bytes: vec![0x42; 300] };
        shown(&write(family, &[piece]).unwrap())
    };
    let other = "error: gateway.uf2: block 0 of the UF2 is for processors of another family, \
        0xe48bff59\n";
    assert_eq!(of(Family(0xe48b_ff59), 0x1000_0000), format!("{other}{anew}"));
    let program = of(Family::RP2040, 0x1000_0000);
    assert!(program.starts_with("error: gateway.uf2: no image of a configuration"), "{program}");
}

#[test]
fn an_address_that_no_configuration_can_have_is_refused() {
    let said = |address: &str| refused(&["--check", &format!("--uf2={address}")]);
    for typed in ["101f0000", "0x", "0x101f000g", "0x1101f0000", "-1", "rp2040-w5500"] {
        assert!(said(typed).contains(": write it like 0x101f0000\n"), "{}", said(typed));
    }
    let outside = "the flash of an RP2040 lies from 0x10000000 to 0x11000000\n";
    for typed in ["0x0", "0x0ffff000", "0x11000000", "0x20000000"] {
        assert!(said(typed).contains(outside), "{}", said(typed));
    }
    let within = said("0x101f0100");
    assert!(within.contains("by sectors: a multiple of 0x1000 is needed\n"), "{within}");
    let both = refused(&["--print", "gateway.uf2", "--uf2"]);
    assert!(both.contains("cannot be used with"), "{both}");
    // The address stands behind `=`: what follows is no address.
    let spaced = refused(&["--check", "--uf2", "0x101f0000"]);
    assert!(spaced.contains("unexpected argument '0x101f0000'"), "{spaced}");
}

#[test]
fn an_image_that_has_no_room_is_refused() {
    let files = Files::new();
    let rules = |count: usize| {
        let rule = "ip6tables -A FORWARD -s 2001:db8::/32 -d 2001:db8:1::/48 -p tcp -m multiport \
            --dports 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 -j DROP\n";
        files.with(&format!("{count}.rules"), format!("*filter\nCOMMIT\n{}", rule.repeat(count)))
    };
    let (_, room) = config();
    let len = |count| written(&["-r", &rules(count), "-o", "-"]).len();
    let most = (room - len(0)) / ((len(100) - len(0)) / 100);
    let fits = written(&["-r", &rules(most), "--uf2", "-o", "-"]);
    assert_eq!(fits.len(), room * 2);
    let too_many = rules(most + 1);
    let out = files.with("gateway.uf2", "old");
    for words in [&["--check"][..], &["-o", &out]] {
        let said = refused(&[&["-r", &too_many, "--uf2"], words].concat());
        let figures =
            format!("the image takes {} bytes, and there is room for {room}", len(most + 1));
        assert!(said.starts_with(&format!("error: --uf2: {figures}\nhelp: ")), "{said}");
    }
    assert_eq!(files.text("gateway.uf2"), "old");
    // Another board has other room, up to the end of all flash.
    written(&["-r", &too_many, "--uf2=0x10100000", "-o", "-"]);
    let last = refused(&["-r", &too_many, "--uf2=0x10fff000", "--check"]);
    assert!(last.contains("there is room for 4096\n"), "{last}");
}
