"""What pyproject.toml cannot say: packages are found by themselves, and resources/, which lies
beside the package, is installed inside it as lenscal.resources."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["lenscal", "lenscal.*"]), "lenscal.resources"],
    package_dir={"lenscal.resources": "resources"},
    package_data={"lenscal": ["py.typed"], "lenscal.resources": ["**/*"]},
)
