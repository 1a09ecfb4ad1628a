//! The ways to the registers of the MAC, and through those to the registers of the PHY. Nothing comes
//! back from one that does not answer in time.

use super::registers::{
    CSR_BUSY, CSR_READ, MII_BUSY, MII_PHY, MII_WRITE, MacRegister, PhyRegister, Register,
};
use super::{Lan9118, PATIENCE};
use crate::Registers;

impl<R: Registers> Lan9118<R> {
    pub(super) fn write_mac(&mut self, register: MacRegister, word: u32) -> Option<()> {
        self.wait_for_mac()?;
        self.write(Register::MacCsrData, word);
        self.write(Register::MacCsrCmd, CSR_BUSY | register as u32);
        self.wait_for_mac()
    }

    pub(super) fn read_phy(&mut self, register: PhyRegister) -> Option<u32> {
        self.wait_for_phy()?;
        self.write_mac(MacRegister::MiiAccess, of_phy(register))?;
        self.wait_for_phy()?;
        self.read_mac(MacRegister::MiiData).map(|word| word & 0xffff)
    }

    pub(super) fn write_phy(&mut self, register: PhyRegister, word: u32) -> Option<()> {
        self.wait_for_phy()?;
        self.write_mac(MacRegister::MiiData, word)?;
        self.write_mac(MacRegister::MiiAccess, of_phy(register) | MII_WRITE)?;
        self.wait_for_phy()
    }

    fn read_mac(&mut self, register: MacRegister) -> Option<u32> {
        self.wait_for_mac()?;
        self.write(Register::MacCsrCmd, CSR_BUSY | CSR_READ | register as u32);
        self.wait_for_mac()?;
        Some(self.read(Register::MacCsrData))
    }

    fn wait_for_mac(&mut self) -> Option<()> {
        self.wait_for(Register::MacCsrCmd, CSR_BUSY, 0).ok()
    }

    fn wait_for_phy(&mut self) -> Option<()> {
        for _ in 0..PATIENCE {
            if self.read_mac(MacRegister::MiiAccess)? & MII_BUSY == 0 {
                return Some(());
            }
        }
        None
    }
}

const fn of_phy(register: PhyRegister) -> u32 {
    MII_PHY | (register as u32) << 6 | MII_BUSY
}
