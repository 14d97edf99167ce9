"""The customer's mouse pointer, apart from the picture, so that the viewer draws it itself."""
