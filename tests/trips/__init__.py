"""How far one piece of work travels through our code: the functions, files and layer crossings that it passes."""
