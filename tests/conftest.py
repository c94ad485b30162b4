pytest_plugins = ["tests.databases.plugin"]
