"""What pyproject.toml cannot say: packages are found by themselves, and resources/ and docs/, which
lie beside the package, are installed inside it."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["lenscal", "lenscal.*"]),
        "lenscal.resources",
        "lenscal.documents",
    ],
    package_dir={"lenscal.resources": "resources", "lenscal.documents": "docs"},
    package_data={
        "lenscal": ["py.typed"],
        "lenscal.resources": ["**/*"],
        "lenscal.documents": ["*.md", "experiments/*.md"],
    },
)
