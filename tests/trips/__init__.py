"""How far one piece of work travels through our code: functions, files and layer crossings, counted as it happens."""
