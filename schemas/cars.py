"""Canonical tables about cars: vehicles, inspection certificates, running costs, pictures."""

from schemas.columns import Day, Flag, Kind, Quantity, Text, Whole, decides, item, key, link
from schemas.people import CanonicalTable

CERTIFICATE = "2.certificate"


class Vehicles(CanonicalTable):
    """One row per car the shop looks after; chassis number and plate find its certificate."""

    vehicle_id: Text = key("車両番号")
    customer_id: Text = link("顧客番号", to="customers")
    chassis_number: Text = decides(Kind.CHASSIS_NUMBER, "車台番号（照合用）")
    plate: Text = decides(Kind.PLATE, "登録番号（照合用）")
    acquired_on: Day = decides(Kind.DAY, "取得日")
    released_on: Day = decides(Kind.DAY, "手放した日")
    usage: Text = item("2.usage", Kind.FREE_TEXT, "使用用途")


class Certificates(CanonicalTable):
    """One row per 車検証 of a car, in the units the certificate prints (kg, cm, L or kW)."""

    vehicle_id: Text = link("車両番号", to="vehicles", nullable=True)
    plate: Text = item(CERTIFICATE, Kind.PLATE, "自動車登録番号")
    chassis_number: Text = item(CERTIFICATE, Kind.CHASSIS_NUMBER, "車台番号")
    model_code: Text = item(CERTIFICATE, Kind.MODEL_CODE, "型式")
    type_designation_number: Text = item(CERTIFICATE, Kind.DIGITS, "型式指定番号")
    category_number: Text = item(CERTIFICATE, Kind.DIGITS, "類別区分番号")
    maker_name: Text = item(CERTIFICATE, Kind.TEXT, "車名")
    vehicle_class: Text = item(CERTIFICATE, Kind.TEXT, "自動車の種別")
    use: Text = item(CERTIFICATE, Kind.TEXT, "用途")
    private_or_business: Text = item(CERTIFICATE, Kind.TEXT, "自家用・事業用の別")
    body_shape: Text = item(CERTIFICATE, Kind.FREE_TEXT, "車体の形状")
    engine_model: Text = item(CERTIFICATE, Kind.MODEL_CODE, "原動機の型式")
    fuel: Text = item(CERTIFICATE, Kind.TEXT, "燃料の種類")
    displacement: Quantity = item(CERTIFICATE, Kind.QUANTITY, "総排気量又は定格出力", ge=0)
    seating_capacity: Whole = item(CERTIFICATE, Kind.WHOLE, "乗車定員", ge=0, le=200)
    max_load_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "最大積載量", ge=0, le=100_000)
    weight_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "車両重量", ge=0, le=100_000)
    gross_weight_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "車両総重量", ge=0, le=100_000)
    length_cm: Whole = item(CERTIFICATE, Kind.WHOLE, "長さ", ge=0, le=5_000)
    width_cm: Whole = item(CERTIFICATE, Kind.WHOLE, "幅", ge=0, le=1_000)
    height_cm: Whole = item(CERTIFICATE, Kind.WHOLE, "高さ", ge=0, le=1_000)
    front_front_axle_weight_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "前前軸重", ge=0, le=50_000)
    front_rear_axle_weight_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "前後軸重", ge=0, le=50_000)
    rear_front_axle_weight_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "後前軸重", ge=0, le=50_000)
    rear_rear_axle_weight_kg: Whole = item(CERTIFICATE, Kind.WHOLE, "後後軸重", ge=0, le=50_000)
    first_registered_in: Text = item(CERTIFICATE, Kind.MONTH, "初度登録年月")
    issued_on: Day = item(CERTIFICATE, Kind.DAY, "交付年月日")
    valid_until_on: Day = item(CERTIFICATE, Kind.DAY, "有効期間の満了する日")
    owner_name: Text = item(CERTIFICATE, Kind.TEXT, "所有者の氏名又は名称")
    owner_address: Text = item(CERTIFICATE, Kind.TEXT, "所有者の住所")
    user_name: Text = item(CERTIFICATE, Kind.TEXT, "使用者の氏名又は名称")
    user_address: Text = item(CERTIFICATE, Kind.TEXT, "使用者の住所")
    base_location: Text = item(CERTIFICATE, Kind.TEXT, "使用の本拠の位置")


class VehicleCosts(CanonicalTable):
    """One row per tax, insurance or fee that keeping a car costs."""

    vehicle_cost_id: Text = key("諸費用番号")
    vehicle_id: Text = link("車両番号", to="vehicles")
    cost_kind: Text = item("2.running_costs", Kind.FREE_TEXT, "費目", nullable=False)
    amount_jpy: Whole = item("2.running_costs", Kind.WHOLE, "金額", ge=-(10**9), le=10**9)
    incurred_on: Day = item("2.running_costs", Kind.DAY, "発生日", nullable=False)


class VehicleImages(CanonicalTable):
    """One row per photograph of a car."""

    image_id: Text = key("画像番号")
    vehicle_id: Text = link("車両番号", to="vehicles")
    is_cleared_for_sharing: Flag = decides(Kind.FLAG, "提供可")
    taken_on: Day = item("2.image", Kind.DAY, "撮影日", nullable=False)
    file: Text = item("2.image", Kind.TEXT, "ファイル", nullable=False)
