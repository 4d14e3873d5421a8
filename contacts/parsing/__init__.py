"""Reading the contact files that other systems export. Pure: no database, no clock, no Django.

`reading` turns bytes into rows, `columns` says what a header means, `cells` what a value means.
"""
