# The boards, and no device beyond what they cannot be without. ISAPC does not build without I440FX, which is in the same file.
CONFIG_PCI_DEVICES=n
CONFIG_ISAPC=y
CONFIG_I440FX=y
