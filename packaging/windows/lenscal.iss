; Installer of the bundle for Windows, made with Inno Setup 6: iscc packaging\windows\lenscal.iss
; Not tested by the developers, who have no Windows machine.
#define Version "0.1.0"

[Setup]
AppId={{6B2E6E0B-6A0B-4B2E-9C3B-1F0A5D7C2E31}
AppName=lenscal
AppVersion={#Version}
DefaultDirName={autopf}\lenscal
DefaultGroupName=lenscal
; Without an administrator, too: into the user's own folder.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
LicenseFile=..\..\LICENSE
SourceDir=..\..\build\bundle
OutputDir=.
OutputBaseFilename=lenscal-{#Version}-setup
Compression=lzma2/fast
UninstallDisplayIcon={app}\lenscal-window.exe

[Files]
Source: "lenscal\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\lenscal"; Filename: "{app}\lenscal-window.exe"

[Registry]
Root: HKA; Subkey: "Software\Classes\.lenscal"; ValueType: string; ValueData: "lenscal.profile"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\.lenscal-project"; ValueType: string; ValueData: "lenscal.profile"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\lenscal.profile"; ValueType: string; ValueData: "Lens profile"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\lenscal.profile\shell\open\command"; ValueType: string; ValueData: """{app}\lenscal-window.exe"" ""%1"""
