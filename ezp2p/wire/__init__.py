"""The words on the wire: messages, limits, codes and links. Declared once, here."""
