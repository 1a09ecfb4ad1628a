//! The clocks: all by the crystal, the processor and the SPIs at 125 MHz.
//!
//! The oscillator and the PLL are rp2040-hal's; what runs by which of them is set here, since the HAL
//! divides frequencies for that, and a division may panic.

use rp2040_hal::Watchdog;
use rp2040_hal::fugit::HertzU32;
use rp2040_hal::pac::{CLOCKS, PLL_SYS, RESETS, XOSC};
use rp2040_hal::pll::common_configs::PLL_SYS_125MHZ;
use rp2040_hal::pll::{PhaseLockedLoop, start_pll_blocking};
use rp2040_hal::xosc::setup_xosc_blocking;

/// The crystal of a Pico.
pub const CRYSTAL_MHZ: u8 = 12;
const CRYSTAL: HertzU32 = HertzU32::MHz(CRYSTAL_MHZ as u32);

/// What the processor and the SPIs run at.
pub const PROCESSOR: HertzU32 = HertzU32::MHz(125);

/// A clock's divisor of 1: the lower byte is a fraction's.
const UNDIVIDED: u32 = 1 << 8;

/// What says that a clock has the source that it was to have.
const REFERENCE_BY_CRYSTAL: u32 = 1 << 2;
const SYSTEM_BY_REFERENCE: u32 = 1 << 0;
const SYSTEM_BY_PLL: u32 = 1 << 1;

/// Starts them, and what makes microseconds of them; None when the HAL takes no such frequency.
#[must_use]
pub fn start(
    (crystal, pll, clocks): (XOSC, PLL_SYS, CLOCKS),
    watchdog: &mut Watchdog,
    resets: &mut RESETS,
) -> Option<()> {
    // Nothing watches them, and none runs by the PLL while that is set up.
    clocks.clk_sys_resus_ctrl().reset();
    clocks.clk_sys_ctrl().modify(|_, w| w.src().clk_ref());
    while clocks.clk_sys_selected().read().bits() != SYSTEM_BY_REFERENCE {}
    setup_xosc_blocking(crystal, CRYSTAL).ok()?;
    clocks.clk_ref_ctrl().write(|w| w.src().xosc_clksrc());
    // SAFETY: it divides by 1.
    clocks.clk_ref_div().write(|w| unsafe { w.bits(UNDIVIDED) });
    while clocks.clk_ref_selected().read().bits() != REFERENCE_BY_CRYSTAL {}
    watchdog.enable_tick_generation(CRYSTAL_MHZ);
    start_pll_blocking(PhaseLockedLoop::new(pll, CRYSTAL, PLL_SYS_125MHZ).ok()?, resets).ok()?;
    // SAFETY: it divides by 1.
    clocks.clk_sys_div().write(|w| unsafe { w.bits(UNDIVIDED) });
    clocks.clk_sys_ctrl().modify(|_, w| w.auxsrc().clksrc_pll_sys());
    clocks.clk_sys_ctrl().modify(|_, w| w.src().clksrc_clk_sys_aux());
    while clocks.clk_sys_selected().read().bits() != SYSTEM_BY_PLL {}
    clocks.clk_peri_ctrl().write(|w| w.auxsrc().clk_sys().enable().set_bit());
    Some(())
}
