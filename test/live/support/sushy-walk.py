"""Walks a node through its life as OpenStack's client does: sushy-walk.py URL; the password is in BMC_PASSWORD."""

import json
import os
import sys

import sushy

root = sushy.Sushy(sys.argv[1], username="admin", password=os.environ["BMC_PASSWORD"])
system = root.get_system("/redfish/v1/Systems/1")
seen = [system.power_state.value]
system.set_system_boot_options(
    target=sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE
)
system.refresh()
seen.append(system.boot["target"].value)
system.reset_system(sushy.ResetType.ON)
system.refresh()
seen.append(system.power_state.value)
drive = system.managers[0].virtual_media.get_member(
    "/redfish/v1/Managers/1/VirtualMedia/Cd"
)
drive.insert_media("http://127.0.0.1/boot.iso")
drive.refresh()
seen.append(drive.image)
drive.eject_media()
drive.refresh()
seen.append(drive.inserted)
seen.append(sorted(system.ethernet_interfaces.summary))
seen.append(system.processors.summary.count)
system.reset_system(sushy.ResetType.FORCE_OFF)
system.refresh()
seen.append(system.power_state.value)
root._auth.close()
print(json.dumps(seen))
