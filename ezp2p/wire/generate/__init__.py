"""What is made from the declarations of wire/: the table for people and the words for pages.

python -m ezp2p.wire.generate            writes both files
python -m ezp2p.wire.generate --check    exits 1 if one is out of date
"""
